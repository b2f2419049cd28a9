import { makeText } from "./text.ts";
import type { Rng } from "./types.ts";
import { isObject, type JsonObject } from "./wire/json-body.ts";

/**
 * A value that is valid against a JSON Schema.
 *
 * @param schema draft 2020-12 or draft 7; a keyword that is not known is passed over
 * @returns JSON data; the same chance gives the same value
 */
export function instanceOf(schema: unknown, rng: Rng): unknown {
  if (!isObject(schema)) return {};
  if (Object.hasOwn(schema, "const")) return schema["const"];
  const { enum: values } = schema;
  if (Array.isArray(values) && values.length > 0) return values[Math.floor(rng() * values.length)];
  switch (schema["type"] ?? "object") {
    case "string":
      return makeText(rng, 3).text;
    case "integer":
    case "number":
      return typeof schema["minimum"] === "number" ? schema["minimum"] : Math.floor(rng() * 100);
    case "boolean":
      return rng() < 0.5;
    case "null":
      return null;
    case "array":
      return [instanceOf(schema["items"], rng)];
    default:
      return objectOf(schema, rng);
  }
}

function objectOf({ properties }: JsonObject, rng: Rng): JsonObject {
  if (!isObject(properties)) return {};
  return Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, instanceOf(each, rng)]));
}
