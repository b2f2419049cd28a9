import { expect, test } from "vitest";
import { toJsonSchema } from "../../../../../src/core/dialects/gemini/schema.ts";

test.each<[string, unknown, unknown]>([
  ["a type", { type: "STRING" }, { type: "string" }],
  ["a type in small letters", { type: "integer", format: "int32" }, { type: "integer", format: "int32" }],
  ["one that is none", { type: "TYPE_UNSPECIFIED" }, {}],
  ["a value that may be null", { type: "NUMBER", nullable: true }, { type: ["number", "null"] }],
  ["an enum", { type: "STRING", format: "enum", enum: ["a"] }, { type: "string", enum: ["a"] }],
  ["an enum of numbers", { type: "INTEGER", enum: ["101"] }, { type: "integer", enum: [101] }],
  ["an enum or null", { type: "STRING", enum: ["a"], nullable: true }, { type: ["string", "null"], enum: ["a", null] }],
  [
    "an array with its limits as texts",
    { type: "ARRAY", minItems: "2", maxItems: 3, items: { type: "BOOLEAN" } },
    { type: "array", minItems: 2, maxItems: 3, items: { type: "boolean" } },
  ],
  ["names in the other spelling", { type: "STRING", min_length: "1" }, { type: "string", minLength: 1 }],
  [
    "an object",
    { type: "OBJECT", properties: { a: { type: "STRING" } }, required: ["a"], description: "An object" },
    { type: "object", properties: { a: { type: "string" } }, required: ["a"], description: "An object" },
  ],
  ["a choice", { anyOf: [{ type: "STRING" }, { type: "NULL" }] }, { anyOf: [{ type: "string" }, { type: "null" }] }],
  ["what is no schema", "STRING", {}],
])("%s", (_, schema, expected) => {
  expect(toJsonSchema(schema)).toEqual(expected);
});

test("properties stand in the order that is named, then as they came", () => {
  const properties = { a: {}, b: {}, c: {} };
  const { properties: ordered } = toJsonSchema({ type: "OBJECT", properties, propertyOrdering: ["c", "b", "x"] });
  expect(Object.keys(ordered as object)).toEqual(["c", "b", "a"]);
});
