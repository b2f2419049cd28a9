import { refuse } from "./check.ts";
import { elementsOf, isObject, type JsonObject } from "../shared/json-body.ts";

/** What a schema belongs to. */
type Owner = { readonly strict: boolean; readonly name: string; readonly param: string };

/**
 * Checks the schema of a function's parameters: an object's, and where it is strict one the provider can hold to.
 *
 * @throws BODY_INVALID
 */
export function checkParameters(schema: JsonObject, { strict, name, param }: Owner): void {
  const say = (problem: string): never =>
    refuse(param, "invalid_function_parameters", `Invalid schema for function '${name}': ${problem}`);
  const { type } = schema;
  if (type !== undefined && type !== "object") {
    say(`schema must be a JSON Schema of 'type: "object"', got 'type: ${JSON.stringify(type)}'.`);
  }
  if (strict) checkStrict(schema, [], say);
}

/**
 * Checks a strict schema of a response format.
 *
 * @throws BODY_INVALID
 */
export function checkFormat(schema: JsonObject, name: string): void {
  checkStrict(schema, [], (problem) =>
    refuse("response_format", "invalid_json_schema", `Invalid schema for response_format '${name}': ${problem}`),
  );
}

type Say = (problem: string) => never;

const inner = ["properties", "$defs", "definitions"];
const lists = ["anyOf", "allOf", "prefixItems"];

/** Every object of a strict schema must name all its properties as required and allow no others. */
function checkStrict(schema: unknown, path: readonly string[], say: Say): void {
  if (!isObject(schema)) return;
  if (schema["type"] === "object" || isObject(schema["properties"])) checkObject(schema, path, say);
  for (const keyword of inner) {
    const schemas = schema[keyword];
    if (!isObject(schemas)) continue;
    for (const [name, each] of Object.entries(schemas)) checkStrict(each, [...path, keyword, name], say);
  }
  checkStrict(schema["items"], [...path, "items"], say);
  for (const keyword of lists) {
    for (const [index, each] of elementsOf(schema[keyword]).entries())
      checkStrict(each, [...path, keyword, String(index)], say);
  }
}

/** @see https://platform.openai.com/docs/guides/structured-outputs, "Supported schemas" */
function checkObject(schema: JsonObject, path: readonly string[], say: Say): void {
  const context = `In context=(${path.map((each) => `'${each}'`).join(", ")}), `;
  if (schema["additionalProperties"] !== false) {
    say(`${context}'additionalProperties' is required to be supplied and to be false.`);
  }
  const required: readonly unknown[] = Array.isArray(schema["required"]) ? schema["required"] : [];
  const names = isObject(schema["properties"]) ? Object.keys(schema["properties"]) : [];
  const missing = names.find((name) => !required.includes(name));
  if (missing === undefined) return;
  say(
    `${context}'required' is required to be supplied and to be an array including every key in properties. Missing '${missing}'.`,
  );
}
