import { isObject, type JsonObject } from "../dialects/shared/json-body.ts";
import { createRng, type Rng } from "../rng.ts";

const idNames: ReadonlySet<string> = new Set([
  "id",
  "item_id",
  "call_id",
  "response_id",
  "responseId",
  "tool_call_id",
  "tool_use_id",
  "container_id",
]);
const timeNames: ReadonlySet<string> = new Set(["created", "created_at", "completed_at", "createTime"]);
/** What stands below these is a caller's or a model's own. */
const foreign: ReadonlySet<string> = new Set(["arguments", "args", "input", "metadata", "tools", "parameters"]);

/** A shorter one is a number of a choice, or a name. */
const minIdLength = 6;

/** What a response holds that no two responses have in common. */
export type Marks = {
  readonly ids: readonly string[];
  /** Times of creation as they stand in its JSON, and each in milliseconds since 1970. */
  readonly times: ReadonlyMap<string, number>;
};

/**
 * Finds the ids and the times of creation of a response.
 *
 * @param texts its events, or its body
 */
export function marksIn(texts: Iterable<string>): Marks {
  const ids = new Set<string>();
  const times = new Map<string, number>();
  for (const text of texts) for (const value of valuesIn(text)) collect(value, ids, times);
  return { ids: [...ids], times };
}

/**
 * Gives ids of the same form and times of creation that fit the present, in place of those of the recording.
 *
 * @param seed the same one gives the same ids
 * @param nowMs wall clock, milliseconds since 1970, which becomes the first time of creation
 * @returns makes the text of an event, or of a body, from that of the recording
 */
export function freshener({ ids, times }: Marks, seed: number, nowMs: number): (text: string) => string {
  const rng = createRng(seed);
  const replaced = new Map<string, string>();
  for (const id of ids) replaced.set(JSON.stringify(id), JSON.stringify(likeId(id, rng)));
  const firstMs = Math.min(...times.values());
  const moved = new Map([...times].map(([literal, ms]) => [literal, timeLike(literal, nowMs + ms - firstMs)]));
  const idPattern = patternOf([...replaced.keys()], (all) => all);
  const timePattern = patternOf(
    [...moved.keys()],
    (all) => `("(?:${[...timeNames].join("|")})"\\s*:\\s*)(${all})(?![\\d.])`,
  );
  return (text) => {
    let fresh = text;
    if (idPattern !== undefined) fresh = fresh.replace(idPattern, (old) => replaced.get(old) ?? old);
    if (timePattern === undefined) return fresh;
    return fresh.replace(timePattern, (_all, before: string, old: string) => before + (moved.get(old) ?? old));
  };
}

function patternOf(literals: readonly string[], around: (all: string) => string): RegExp | undefined {
  if (literals.length === 0) return undefined;
  return new RegExp(
    around(literals.map((literal) => literal.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)).join("|")),
    "g",
  );
}

/** The JSON values of an event stream, of JSON lines, of a part of an array, or of a whole body. */
function* valuesIn(text: string): Iterable<unknown> {
  const whole = parsed(text);
  if (whole !== undefined) {
    yield whole;
    return;
  }
  for (const line of text.split(/\r\n|\n|\r/)) {
    const value = parsed(line.replace(/^data: ?/, ""));
    if (value !== undefined) yield value;
  }
}

function parsed(text: string): unknown {
  const json = text.replace(/^[\s[,]*(?=\{)/, "").replace(/(?<=\})[\s\],]*$/, "");
  if (!json.startsWith("{")) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function collect(value: unknown, ids: Set<string>, times: Map<string, number>): void {
  if (Array.isArray(value)) for (const each of value) collect(each, ids, times);
  if (!isObject(value) || isModel(value)) return;
  for (const [name, member] of Object.entries(value)) {
    if (idNames.has(name) && typeof member === "string" && member.length >= minIdLength) ids.add(member);
    else if (timeNames.has(name)) {
      const ms = timeOf(member);
      if (ms !== undefined) times.set(JSON.stringify(member), ms);
    } else if (!foreign.has(name)) collect(member, ids, times);
  }
}

/** The id of a model is its name. */
function isModel({ object, type }: JsonObject): boolean {
  return object === "model" || type === "model";
}

function timeOf(value: unknown): number | undefined {
  if (typeof value === "number") return value > 0 ? value * 1000 : undefined;
  const ms = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

function timeLike(literal: string, ms: number): string {
  return literal.startsWith('"') ? JSON.stringify(new Date(ms).toISOString()) : String(Math.floor(ms / 1000));
}

const digits = "0123456789";
const hex = "0123456789abcdef";
const letters = "abcdefghijklmnopqrstuvwxyz";

/** Another id with the same prefix, such as `chatcmpl-`, the same length, and letters and digits in the same places. */
function likeId(id: string, rng: Rng): string {
  const [prefix = ""] = /^[A-Za-z]{2,12}[-_]/.exec(id) ?? [];
  const rest = id.slice(prefix.length);
  const isHex = /^[0-9a-f-]+$/.test(rest);
  let made = prefix;
  for (const char of rest) made += likeChar(char, isHex, rng);
  return made;
}

function likeChar(char: string, isHex: boolean, rng: Rng): string {
  const among = (chars: string): string => chars.charAt(Math.floor(rng() * chars.length));
  if (isHex && char !== "-") return among(hex);
  if (/\d/.test(char)) return among(digits);
  if (/[a-z]/.test(char)) return among(letters);
  return /[A-Z]/.test(char) ? among(letters).toUpperCase() : char;
}
