import { valueOf } from "./check.ts";
import { isObject, type JsonObject } from "../shared/json-body.ts";

/** Keywords that mean the same in JSON Schema. */
const same = ["title", "description", "enum", "minimum", "maximum", "pattern", "required", "default"];
/** Keywords whose numbers the API writes as texts. */
const counts = ["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"];

/**
 * The JSON Schema of one of the API's own schemas, a subset of OpenAPI 3.0 with types in capitals.
 *
 * @param schema of unknown shape; one that is no object is JSON Schema's `true`
 * @returns properties in the order that `propertyOrdering` names
 * @see https://ai.google.dev/api/caching#Schema
 */
export function toJsonSchema(schema: unknown): JsonObject {
  if (!isObject(schema)) return {};
  const result: Record<string, unknown> = {};
  for (const name of same) if (schema[name] !== undefined) result[name] = schema[name];
  for (const name of counts) {
    const value = valueOf(schema, name);
    if (value !== undefined) result[name] = Number(value);
  }
  if (typeof schema["format"] === "string" && schema["format"] !== "enum") result["format"] = schema["format"];
  const { items, properties } = schema;
  const anyOf = valueOf(schema, "anyOf");
  if (items !== undefined) result["items"] = toJsonSchema(items);
  if (isObject(properties)) result["properties"] = ordered(properties, valueOf(schema, "propertyOrdering"));
  if (Array.isArray(anyOf)) result["anyOf"] = anyOf.map(toJsonSchema);
  return typed(result, schema);
}

function typed(result: Record<string, unknown>, { type, nullable }: JsonObject): JsonObject {
  if (typeof type === "string" && type !== "TYPE_UNSPECIFIED") {
    const own = type.toLowerCase();
    result["type"] = nullable === true ? [own, "null"] : own;
    if (Array.isArray(result["enum"])) result["enum"] = result["enum"].map((value) => enumValue(value, own));
  }
  if (nullable === true && Array.isArray(result["enum"])) result["enum"] = [...result["enum"], null];
  return result;
}

/** The values of an enum are texts in this API, also those of numbers. */
function enumValue(value: unknown, type: string): unknown {
  return (type === "integer" || type === "number") && typeof value === "string" ? Number(value) : value;
}

function ordered(properties: JsonObject, ordering: unknown): JsonObject {
  const first = Array.isArray(ordering)
    ? ordering.filter((name): name is string => typeof name === "string" && Object.hasOwn(properties, name))
    : [];
  const names = new Set([...first, ...Object.keys(properties)]);
  return Object.fromEntries([...names].map((name) => [name, toJsonSchema(properties[name])]));
}
