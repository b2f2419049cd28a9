import { StuntdoubleError } from "../../errors.ts";
import { fieldsOf, read, required, type Kind, type Refused } from "../shared/fields.ts";
import { isObject, type JsonObject } from "../shared/json-body.ts";

/** Refuses a request. @throws BODY_INVALID always */
export function refuse(param: string, message: string): never {
  throw new StuntdoubleError("BODY_INVALID", message, { param });
}

/** Refuses what breaks a rule, as most refusals of the provider begin. */
export function refuseRule(param: string, rule: string): never {
  return refuse(param, `invalid request: ${rule}`);
}

const goTypes: Readonly<Record<Kind, string>> = {
  string: "string",
  integer: "int",
  number: "float64",
  boolean: "bool",
  array: "[]interface",
  object: "object",
  mixed: "string",
};

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/** Refuses a value of the wrong type. @param wanted the type in Go */
export function refuseType(param: string, wanted: string, value: unknown): never {
  const problem = `parameter ${param} is of type ${kindOf(value)} but should be of type ${wanted}`;
  return refuse(
    param,
    `invalid type: ${problem}. For proper usage, please refer to https://docs.cohere.com/reference/about`,
  );
}

/** An element of an array or a member that must be an object. */
export function asObject(value: unknown, path: string): JsonObject {
  return isObject(value) ? value : refuseType(path, goTypes.object, value);
}

/**
 * Rows of tables of a request's fields; `called` is the type in Go.
 *
 * @see https://docs.cohere.com/reference/errors for the words
 */
export const field = fieldsOf({
  integerOf: (value) => (typeof value === "number" && Number.isSafeInteger(value) ? value : undefined),
  elementPath: (path, index) => `${path}[${index}]`,
  missing: ({ param }) => refuseRule(param, `required '${param}' param is missing or empty.`),
  type: ({ param, field: { kind, rules }, value }) => refuseType(param, rules.called ?? goTypes[kind], value),
  unknown: ({ param, field: { rules } }) =>
    refuseRule(param, `${param} must be one of ${quoted(rules.allowed ?? [])}.`),
  tooSmall: refuseSize,
  tooLarge: refuseSize,
});

function refuseSize({ param, field: { rules }, value }: Refused): never {
  const { min, max } = rules;
  if (typeof value === "number") {
    const range = max === undefined ? `at least ${min}` : `between ${min} and ${max} inclusive`;
    return refuseRule(param, `${param} must be ${range}.`);
  }
  return Array.isArray(value)
    ? refuseRule(param, `${param} must have at most ${max} elements - received ${value.length}`)
    : refuseRule(param, `required '${param}' param is missing or empty.`);
}

/** Words as a message lists them: `'a', 'b', or 'c'`. */
export function quoted(words: readonly string[]): string {
  const all = words.map((word) => `'${word}'`);
  const [last = "", ...others] = all.toReversed();
  return others.length === 0 ? last : `${others.toReversed().join(", ")}, or ${last}`;
}

/** Names of models may be echoed, so they have a limit. */
const modelField = field.string("model", { max: 256 });

/** The name of the model, which all of the second version needs. */
export function readModel(body: JsonObject): string {
  return read(body, modelField) || refuse("model", "a model parameter is required for this endpoint.");
}

/** The same where there is one to take when it is left out. */
export function readModelOr(body: JsonObject, usual: string): string {
  return read(body, modelField) || usual;
}

/** What steers sampling; the range of `p` is wider than the documented one, as the provider takes 0 all the same. */
export const sampling = [
  field.number("temperature", { min: 0, max: 1 }),
  field.number("frequency_penalty", { min: 0, max: 1 }),
  field.number("presence_penalty", { min: 0, max: 1 }),
  field.integer("k", { min: 0, max: 500 }),
  field.number("p", { min: 0, max: 1 }),
  field.integer("priority", { min: 0, max: 999 }),
];

/** What a response may be limited by, and what makes it repeatable. */
export const limits = {
  stream: field.boolean("stream"),
  maxTokens: field.integer("max_tokens", { min: 1 }),
  seed: field.integer("seed"),
  stops: field.list("stop_sequences", field.string("stop_sequences"), { max: 5 }),
};

/** What a schema of a response may not be. @throws BODY_INVALID for the first mistake */
export function checkSchema(schema: JsonObject, path: string): void {
  if (schema["type"] !== "object") refuse(path, "schema must be an object");
  checkProperties(schema, path);
}

function checkProperties({ properties, required: names }: JsonObject, path: string): void {
  const known = isObject(properties) ? properties : {};
  for (const name of Array.isArray(names) ? names.map(String) : []) {
    if (!Object.hasOwn(known, name)) refuse(path, `required field ${name.slice(0, 128)} not found in properties`);
  }
  for (const [name, property] of Object.entries(known)) {
    if (!isObject(property) || !saysType(property)) refuse(path, `property ${name.slice(0, 128)} must have a type`);
    checkProperties(property, path);
  }
}

function saysType(property: JsonObject): boolean {
  return ["type", "$ref", "anyOf", "enum", "const"].some((name) => property[name] !== undefined);
}

/** A text that must be there and not be empty. */
export function filled(name: string) {
  return required(field.string(name, { min: 1 }));
}
