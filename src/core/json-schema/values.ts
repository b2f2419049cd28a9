import { readPattern, spend, textMatching, type Budget, type Pattern } from "./pattern.ts";
import { sayText } from "../simulator/text.ts";
import { pick } from "../rng.ts";
import type { Rng } from "../rng.ts";
import type { JsonObject } from "../dialects/shared/json-body.ts";

const maxLength = 20_000;
const tries = 40;

/**
 * A text that a schema allows: of its pattern, its format, or else some words; within its lengths.
 *
 * A pattern with conditions on what stands around yields to a format that is known.
 */
export function textOfSchema(schema: JsonObject, budget: Budget): string {
  const { rng } = budget;
  const { pattern: source, format } = schema;
  const min = Math.min(lengthIn(schema, "minLength") ?? 0, maxLength);
  const length: Length = { min, max: lengthIn(schema, "maxLength") ?? Infinity };
  const pattern = typeof source === "string" ? readPattern(source) : undefined;
  if (pattern !== undefined && !pattern.looksAround) return matching(pattern, budget, length);
  const make = typeof format === "string" && Object.hasOwn(formats, format) ? formats[format] : undefined;
  if (pattern !== undefined && make === undefined) return matching(pattern, budget, length);
  const text = make?.(rng, min) ?? words(rng, length);
  spend(budget, text.length);
  return text;
}

function lengthIn(schema: JsonObject, keyword: string): number | undefined {
  const value = schema[keyword];
  return typeof value === "number" && value >= 0 ? Math.floor(value) : undefined;
}

type Length = { readonly min: number; readonly max: number };

/** Where what comes is too short or too long, what repeats does so just as often as the length needs. */
function matching(pattern: Pattern, budget: Budget, { min, max }: Length): string {
  const holds = (text: string): boolean => {
    const length = Array.from(text).length;
    return length >= min && length <= max;
  };
  const usual = textMatching(pattern, budget, { upTo: 4 });
  if (holds(usual)) return usual;
  const shortest = textMatching(pattern, budget, { exactly: 0 });
  for (let unit = 1; unit <= tries; unit += 1) {
    const exactly = Math.ceil(Math.max(0, min - shortest.length) / unit);
    const text = textMatching(pattern, budget, { exactly });
    if (holds(text)) return text;
  }
  return usual;
}

function words(rng: Rng, { min, max }: Length): string {
  let text = sayText(rng, 2 + Math.floor(rng() * 6));
  while (text.length < min) text += ` ${sayText(rng, 8)}`;
  return text.slice(0, max);
}

/** A number within the bounds of a schema; `step` 1 for integers. */
export function numberOf(schema: JsonObject, rng: Rng, step: number | undefined): number {
  const bounds = boundsOf(schema);
  const { multipleOf } = schema;
  const given = typeof multipleOf === "number" && multipleOf > 0 ? multipleOf : undefined;
  if (given === undefined && step === undefined) return decimal(bounds, rng);
  return multiple(bounds, rng, { of: given ?? 1, whole: step === 1 });
}

type Bounds = { readonly low: number; readonly high: number; readonly holds: (value: number) => boolean };

/** A schema that is open, or nearly so, gives numbers of everyday size. */
const maxSpan = 10_000;

function boundsOf(schema: JsonObject): Bounds {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const least = Math.max(...[minimum, exclusiveMinimum].filter((value) => typeof value === "number"));
  const max = Math.min(...[maximum, exclusiveMaximum].filter((value) => typeof value === "number"));
  const near = Math.max(least, Math.min(max, 0));
  const span = Math.max(100, Math.abs(near));
  const isNarrow = max - least <= maxSpan;
  const low = isNarrow ? least : near < max ? near : near - span;
  const high = isNarrow ? max : Math.min(max, near + span);
  // Before draft 6 these were marks at the bounds.
  const above = exclusiveMinimum === true ? minimum : exclusiveMinimum;
  const below = exclusiveMaximum === true ? maximum : exclusiveMaximum;
  const holds = (value: number): boolean =>
    value >= low &&
    value <= high &&
    !(typeof above === "number" && value <= above) &&
    !(typeof below === "number" && value >= below);
  return { low, high, holds };
}

function decimal({ low, high, holds }: Bounds, rng: Rng): number {
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const exact = low + rng() * (high - low);
    const short = Math.round(exact * 100) / 100;
    if (holds(short)) return short;
    if (holds(exact)) return exact;
  }
  return low;
}

/** A multiple that division finds to be one: the quotient of many decimals is a little beside the integer. */
function multiple({ low, high, holds }: Bounds, rng: Rng, wanted: { of: number; whole: boolean }): number {
  const { of: step, whole } = wanted;
  const first = Math.ceil(low / step);
  const count = Math.max(1, Math.floor(high / step) - first + 1);
  const start = Math.floor(rng() * count);
  for (let attempt = 0; attempt < Math.min(count, 1000); attempt += 1) {
    const product = (first + ((start + attempt) % count)) * step;
    for (const value of [product, Number(product.toPrecision(15))]) {
      if (holds(value) && Number.isInteger(value / step) && (!whole || Number.isInteger(value))) return value;
    }
  }
  return first * step;
}

const hex = "0123456789abcdef";
const hosts = ["example.com", "example.org", "example.net"];

function below(rng: Rng, limit: number): number {
  return Math.floor(rng() * limit);
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function hexDigits(rng: Rng, count: number): string {
  return Array.from({ length: count }, () => pick(rng, hex)).join("");
}

function date(rng: Rng): string {
  return `${2020 + below(rng, 10)}-${two(1 + below(rng, 12))}-${two(1 + below(rng, 28))}`;
}

function time(rng: Rng): string {
  return `${two(below(rng, 24))}:${two(below(rng, 60))}:${two(below(rng, 60))}Z`;
}

function host(rng: Rng): string {
  return pick(rng, hosts);
}

/** A name of at least so many letters. */
function letters(rng: Rng, least: number): string {
  const count = Math.max(5 + below(rng, 4), least);
  return Array.from({ length: count }, () => String.fromCharCode(97 + below(rng, 26))).join("");
}

function uri(rng: Rng, least: number): string {
  const start = `https://${host(rng)}/`;
  return start + letters(rng, least - start.length);
}

function email(rng: Rng, least: number): string {
  const end = `@${host(rng)}`;
  return letters(rng, Math.min(least - end.length, 64)) + end;
}

/** Makers of texts in the formats of JSON Schema; `least` is how long they shall be, where that can vary. */
const formats: Readonly<Record<string, (rng: Rng, least: number) => string>> = {
  "date-time": (rng) => `${date(rng)}T${time(rng)}`,
  date,
  time,
  duration: (rng) => `P${1 + below(rng, 29)}DT${1 + below(rng, 23)}H`,
  email,
  "idn-email": email,
  hostname: host,
  "idn-hostname": host,
  ipv4: (rng) => [10, below(rng, 256), below(rng, 256), 1 + below(rng, 254)].join("."),
  ipv6: (rng) => `2001:db8:${Array.from({ length: 6 }, () => hexDigits(rng, 4)).join(":")}`,
  uri,
  url: uri,
  iri: uri,
  "uri-reference": uri,
  "iri-reference": uri,
  uuid: (rng) =>
    `${hexDigits(rng, 8)}-${hexDigits(rng, 4)}-4${hexDigits(rng, 3)}-${hex.charAt(8 + below(rng, 4))}${hexDigits(rng, 3)}-${hexDigits(rng, 12)}`,
  "json-pointer": (rng) => `/${letters(rng, 0)}`,
  regex: () => "^[a-z]+$",
};
