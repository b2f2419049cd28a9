import type { z } from "zod";
import { nearestOf, withinUnion } from "../core/issues.ts";
import type { FindingCode } from "./codes.ts";

/** Where a value stands: keys and list indexes from the top. */
export type Path = readonly PropertyKey[];

/** Something wrong with a configuration, before its place in the file is known. */
export type Finding = {
  readonly path: Path;
  readonly code: FindingCode;
  readonly message: string;
  /** Every value or key that would have been right there, where they can be listed. */
  readonly allowed?: readonly string[];
  readonly nearest?: string;
  /** What to point at; the key unless told. */
  readonly at?: "key" | "value";
};

/** What was found; warnings are things that work but are hardly meant. */
export type Checked = { readonly findings: Finding[]; readonly warnings: Finding[] };

/**
 * What the schema has to say, in words: one finding for each error.
 *
 * @param error from a parse with `reportInput`
 * @param checked what was parsed, and the JSON Schema that says which keys it may have
 */
export function schemaFindings(error: z.ZodError, checked: { readonly raw: unknown; schema(): Place }): Finding[] {
  return error.issues.flatMap(withinUnion).flatMap((issue): Finding[] => {
    if (issue.code !== "unrecognized_keys") return [{ path: issue.path, at: "value", ...describe(issue) }];
    const allowed = knownKeys(issue.path, checked.raw, checked.schema());
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      code: "unknown-key",
      message: "unknown key",
      ...choice(key, allowed),
    }));
  });
}

/** The candidates, and the one that differs least from a word if it differs little enough to be meant. */
export function choice(word: unknown, allowed: readonly string[]): { allowed: readonly string[]; nearest?: string } {
  if (typeof word !== "string") return { allowed };
  const nearest = nearestOf(word, allowed);
  return nearest === undefined ? { allowed } : { allowed, nearest };
}

type Issue = Exclude<z.core.$ZodIssue, { code: "unrecognized_keys" }>;
type Words = Pick<Finding, "code" | "message" | "allowed" | "nearest">;

function describe(issue: Issue): Words {
  switch (issue.code) {
    case "invalid_type":
      return wrongType(issue.expected, issue.input);
    case "invalid_value":
      return oneOf(issue.input, issue.values.map(String));
    case "invalid_union":
      return unknownForm(issue);
    case "too_small":
      return {
        code: "out-of-range",
        message: tooSmall(issue.origin, Number(issue.minimum), issue.inclusive ?? true),
      };
    case "too_big":
      return { code: "out-of-range", message: tooBig(issue.origin, Number(issue.maximum)) };
    case "invalid_key":
      return { code: "invalid-name", message: `this name ${issue.issues[0]?.message ?? "is not allowed"}` };
    case "invalid_format":
    case "invalid_element":
    case "not_multiple_of":
    case "custom":
      break;
  }
  return { code: "invalid-value", message: issue.message };
}

/** An object whose `kind` is none of those there are, or a value that fits no form. */
function unknownForm(issue: Extract<Issue, { code: "invalid_union" }>): Words {
  if (!("options" in issue) || issue.options === undefined || issue.discriminator === undefined)
    return { code: "invalid-value", message: issue.message };
  const input = isMapping(issue.input) ? issue.input[issue.discriminator] : issue.input;
  return oneOf(input, issue.options.map(String));
}

function oneOf(input: unknown, allowed: readonly string[]): Words {
  if (input === undefined) return { code: "required", message: "is required", allowed };
  return {
    code: "not-allowed",
    message: `must be one of the allowed values, not ${shown(input)}`,
    ...choice(input, allowed),
  };
}

function shown(input: unknown): string {
  return typeof input === "object" ? wordOf(input) : JSON.stringify(input);
}

function wrongType(expected: string, input: unknown): Words {
  return input === undefined
    ? { code: "required", message: `is required and must be ${wordFor(expected)}` }
    : { code: "wrong-type", message: `must be ${wordFor(expected)}, not ${wordOf(input)}` };
}

function isNumber(origin: string): boolean {
  return origin === "number" || origin === "int";
}

function tooBig(origin: string, maximum: number): string {
  return `must ${isNumber(origin) ? "be" : "have"} at most ${maximum}${unitOf(origin)}`;
}

function tooSmall(origin: string, minimum: number, inclusive: boolean): string {
  if (isNumber(origin)) return `must be ${inclusive ? "at least" : "greater than"} ${minimum}`;
  return minimum === 1 ? "must not be empty" : `must have at least ${minimum}${unitOf(origin)}`;
}

function unitOf(origin: string): string {
  if (origin === "string") return " characters";
  return origin === "array" ? " items" : "";
}

function wordFor(expected: string): string {
  const words: Record<string, string> = {
    string: "a string",
    number: "a number",
    int: "an integer",
    boolean: "true or false",
    array: "an array",
    object: "an object",
    record: "an object",
  };
  return words[expected] ?? expected;
}

function wordOf(input: unknown): string {
  if (input === null) return "null";
  if (Array.isArray(input)) return "an array";
  if (typeof input === "boolean") return String(input);
  if (typeof input === "number") return `the number ${input}`;
  return wordFor(typeof input);
}

type Place = z.core.JSONSchema.JSONSchema;

/** The keys that the object at a path may have; of a fault, or a distribution, those of its kind. */
function knownKeys(path: Path, raw: unknown, schema: Place): string[] {
  let places = alternatives(schema, raw);
  let value = raw;
  for (const step of path) {
    value = isMapping(value) || Array.isArray(value) ? Reflect.get(value, step) : undefined;
    places = places.flatMap((place) => below(place, step)).flatMap((place) => alternatives(place, value));
  }
  return [...new Set(places.flatMap((place) => Object.keys(place.properties ?? {})))];
}

function alternatives(place: Place, value: unknown): Place[] {
  const kind = isMapping(value) ? value["kind"] : undefined;
  const kinds = (place.oneOf ?? []).filter(isPlace);
  const right = kinds.filter((each) => isPlace(each.properties?.["kind"]) && each.properties["kind"].const === kind);
  return [place, ...(place.anyOf ?? []).filter(isPlace), ...(right.length > 0 ? right : kinds)];
}

function below(place: Place, step: PropertyKey): Place[] {
  const named =
    typeof step === "number" ? place.items : (place.properties?.[String(step)] ?? place.additionalProperties);
  return isPlace(named) ? [named] : [];
}

function isPlace(value: unknown): value is Place {
  return isMapping(value);
}

/** Whether a value of the file is an object. */
export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object of the file. */
export type Raw = Readonly<Record<string, unknown>>;

/** The object that stands somewhere in the file; an empty one where there is something else. */
export function mapOf(value: unknown): Raw {
  return isMapping(value) ? value : {};
}

/** The array that stands somewhere in the file; an empty one where there is something else. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
