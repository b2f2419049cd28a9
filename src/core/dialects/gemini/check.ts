import { StuntdoubleError } from "../../errors.ts";
import { fieldsOf, pathOf, type Kind, type Refused } from "../shared/fields.ts";
import type { JsonObject } from "../shared/json-body.ts";

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
 * The value under either of two names, as JSON of protocol buffers allows.
 *
 * @param name in camel case, one that this program chose
 * @returns undefined when it is absent or null
 */
export function valueOf(object: JsonObject, name: string): unknown {
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

const kinds: Readonly<Record<Kind, string>> = {
  string: "TYPE_STRING",
  integer: "TYPE_INT32",
  number: "TYPE_FLOAT",
  boolean: "TYPE_BOOL",
  array: "TYPE_LIST",
  object: "TYPE_MESSAGE",
  mixed: "TYPE_VALUE",
};

const maxInt32 = 2 ** 31 - 1;

/** The integer that a value is, also one in quotes. */
function int32Of(value: unknown): number | undefined {
  const number = typeof value === "string" && /^-?\d{1,10}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isInteger(number) && Math.abs(number) <= maxInt32 ? number : undefined;
}

/** Rows of tables of the API's fields, by their names in camel case; `called` is the name of a message of the API. */
export const field = fieldsOf({
  alias: snake,
  integerOf: int32Of,
  elementPath: (path, index) => `${path}[${index}]`,
  type: ({ param, field: { kind, rules }, value }) => refuseType(param, rules.called ?? kinds[kind], value),
  tooSmall: refuseRange,
  tooLarge: refuseRange,
});

function refuseRange({ param, field: { name, kind, rules } }: Refused): never {
  const { min = 0, max } = rules;
  if (max === undefined) return refuseRule(param, `${snake(name)} must be positive.`);
  const range = kind === "integer" ? `[${min}, ${max}]` : `[${min.toFixed(1)}, ${max.toFixed(1)}]`;
  return refuseRule(param, `${snake(name)} must be in the range ${range}.`);
}

/** Reads texts; none when the field is absent. @param at path of the object that holds them, empty for the request */
export function readTexts(object: JsonObject, name: string, at: string): readonly string[] {
  return listOf(valueOf(object, name)).map((text, index) =>
    typeof text === "string" ? text : refuseType(`${pathOf(at, snake(name))}[${index}]`, "TYPE_STRING", text),
  );
}
