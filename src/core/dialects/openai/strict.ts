import { refuse } from "./check.ts";
import { elementsOf, isObject, objectsIn, type JsonObject } from "../shared/json-body.ts";

/**
 * Checks that the parameters of a function are those of an object.
 *
 * @throws BODY_INVALID
 */
export function checkParameters(
  schema: JsonObject,
  { name, param }: { readonly name: string; readonly param: string },
) {
  const { type } = schema;
  if (type === undefined || type === "object") return;
  const problem = `schema must be a JSON Schema of 'type: "object"', got 'type: ${JSON.stringify(type)}'.`;
  sayingOfFunction(name, param)(problem);
}

/**
 * Checks the schemas of a chat request that are strict: of functions and of the response format.
 *
 * @param body whose shape was checked
 * @throws BODY_INVALID
 */
export function checkStrictChat({ tools, functions, response_format: format }: JsonObject): void {
  for (const [index, tool] of elementsOf(tools).entries()) {
    checkFunction(memberOf(tool, "function"), `tools[${index}].function.parameters`);
  }
  for (const [index, each] of elementsOf(functions).entries()) checkFunction(each, `functions[${index}].parameters`);
  checkFormat(memberOf(format, "json_schema"), "response_format");
}

/** The same of a request to the Responses API; a schema that is not said to be strict is made so, as far as that goes. */
export function checkStrictResponse({ tools, text }: JsonObject): void {
  for (const [index, tool] of elementsOf(tools).entries()) {
    checkFunction(tool, `tools[${index}].parameters`);
    for (const [at, each] of objectsIn(memberOf(tool, "tools")).entries()) {
      checkFunction(each, `tools[${index}].tools[${at}].parameters`);
    }
  }
  checkFormat(memberOf(text, "format"), "text.format.schema");
}

function memberOf(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

function checkFunction(declared: unknown, param: string): void {
  if (!isObject(declared) || declared["strict"] !== true) return;
  checkStrict(declared["parameters"], [], sayingOfFunction(String(declared["name"]), param));
}

function checkFormat(format: unknown, param: string): void {
  if (!isObject(format) || format["strict"] !== true) return;
  checkStrict(format["schema"], [], (problem) =>
    refuse(param, "invalid_json_schema", `Invalid schema for response_format '${String(format["name"])}': ${problem}`),
  );
}

function sayingOfFunction(name: string, param: string): Say {
  return (problem) => refuse(param, "invalid_function_parameters", `Invalid schema for function '${name}': ${problem}`);
}

type Say = (problem: string) => never;

const inner = ["properties", "$defs", "definitions"];
const lists = ["anyOf", "prefixItems"];
/**
 * What no strict schema may have.
 *
 * @see https://platform.openai.com/docs/guides/structured-outputs, "Supported schemas"; notion-mcp-server#102, oh-my-pi#920,
 *   instructor#1074, jcode#687 for the words
 */
const forbidden = [
  "allOf",
  "oneOf",
  "not",
  "if",
  "then",
  "else",
  "dependentRequired",
  "dependentSchemas",
  "patternProperties",
  "unevaluatedProperties",
  "propertyNames",
  "minProperties",
  "maxProperties",
  "unevaluatedItems",
  "contains",
  "minContains",
  "maxContains",
  "uniqueItems",
  "default",
];

/** Every object of a strict schema must name all its properties as required and allow no others. */
function checkStrict(schema: unknown, path: readonly string[], say: Say): void {
  if (!isObject(schema)) return;
  const keyword = forbidden.find((each) => schema[each] !== undefined);
  if (keyword !== undefined) say(`${contextOf(path)}'${keyword}' is not permitted.`);
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

function contextOf(path: readonly string[]): string {
  return `In context=(${path.map((each) => `'${each}'`).join(", ")}), `;
}

function checkObject(schema: JsonObject, path: readonly string[], say: Say): void {
  const context = contextOf(path);
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
