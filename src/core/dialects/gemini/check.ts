import { StuntdoubleError } from "../../errors.ts";
import { isObject, type JsonObject } from "../shared/json-body.ts";

const api = "type.googleapis.com/google.ai.generativelanguage.v1beta.";
const maxShownLength = 64;
const snakeNames = new Map<string, string>();

/** The name of a field as the API's messages write it: `maxOutputTokens` is `max_output_tokens`. */
export function snake(name: string): string {
  let known = snakeNames.get(name);
  if (known === undefined) {
    known = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    snakeNames.set(name, known);
  }
  return known;
}

/**
 * A field under either of its two names, as JSON of protocol buffers allows.
 *
 * @param name in camel case, one that this program chose
 * @returns undefined when it is absent or null
 */
export function field(object: JsonObject, name: string): unknown {
  return object[name] ?? object[snake(name)] ?? undefined;
}

/** The elements of a field that may repeat; a single one may stand without brackets. */
export function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/**
 * Refuses a value of the wrong type as the API does.
 *
 * @param path in snake case, as in `contents[0].parts[1].text`
 * @param type `TYPE_STRING` and the like, or the name of a message of the API
 * @throws BODY_INVALID always
 */
export function refuseType(path: string, type: string, value: unknown): never {
  const shown =
    typeof value === "string" && value.length > maxShownLength ? `${value.slice(0, maxShownLength)}…` : value;
  const said = typeof shown === "object" && shown !== null ? "a value of another type" : JSON.stringify(shown);
  const full = type.startsWith("TYPE_") ? type : api + type;
  throw new StuntdoubleError("BODY_INVALID", `Invalid value at '${path}' (${full}), ${said}`, { param: path });
}

/** Refuses a value of the right type that is not allowed, in a message of the API's validator. */
export function refuseRule(path: string, rule: string): never {
  const message = `* GenerateContentRequest.${path}: ${rule}\n`;
  throw new StuntdoubleError("BODY_INVALID", message, { param: path });
}

/** Where a field is: the object that holds it, and the path of that, empty or ending in a dot. */
export type Place = { readonly object: JsonObject; readonly path: string };

/** Reads a message of the API, or nothing. */
export function readMessage({ object, path }: Place, name: string, type: string): JsonObject | undefined {
  const value = field(object, name);
  return value === undefined || isObject(value) ? value : refuseType(path + snake(name), type, value);
}

/** Reads a text, or nothing. */
export function readText({ object, path }: Place, name: string): string | undefined {
  const value = field(object, name);
  return value === undefined || typeof value === "string"
    ? value
    : refuseType(path + snake(name), "TYPE_STRING", value);
}

/** Reads texts; none when the field is absent. */
export function readTexts({ object, path }: Place, name: string): readonly string[] {
  return listOf(field(object, name)).map((text, index) =>
    typeof text === "string" ? text : refuseType(`${path}${snake(name)}[${index}]`, "TYPE_STRING", text),
  );
}

/** Reads `true`, `false` or nothing. */
export function readFlag({ object, path }: Place, name: string): boolean | undefined {
  const value = field(object, name);
  return value === undefined || typeof value === "boolean" ? value : refuseType(path + snake(name), "TYPE_BOOL", value);
}

const mostInt32 = 2 ** 31 - 1;

/** Reads a 32-bit whole number, also one in quotes, or nothing. */
export function readInt({ object, path }: Place, name: string): number | undefined {
  const value = field(object, name);
  if (value === undefined) return undefined;
  const number = typeof value === "string" && /^-?\d{1,10}$/.test(value) ? Number(value) : value;
  if (typeof number === "number" && Number.isInteger(number) && Math.abs(number) <= mostInt32) return number;
  return refuseType(path + snake(name), "TYPE_INT32", value);
}

/** Checks that a field is a number within a range, both ends included, if it is there. */
export function checkRange({ object, path }: Place, name: string, least: number, most: number): void {
  const value = field(object, name);
  if (value === undefined) return;
  if (typeof value !== "number") refuseType(path + snake(name), "TYPE_FLOAT", value);
  if (value >= least && value <= most) return;
  refuseRule(path + snake(name), `${snake(name)} must be in the range [${least.toFixed(1)}, ${most.toFixed(1)}].`);
}
