import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { instanceOf } from "../../src/core/json-schema/instance.ts";
import { createRng } from "../../src/core/rng.ts";

const ajv = new Ajv2020({ strict: false, allErrors: true, ownProperties: true });
addFormats.default(ajv);

type Schema = Record<string, unknown>;

const patterns = [
  "^[A-Z]{3}-\\d{4}$",
  "^(?:red|green|blue)+$",
  "^[^\\s@]+@[^\\s@]+\\.[a-z]{2,}$",
  "^\\w{2,5}(?: \\w+)*$",
  "^(?<year>\\d{4})-(?<month>0[1-9]|1[0-2])$",
  "^\\u0041\\x42[.\\-_]$",
  "^\\p{Lu}\\p{L}*$",
  "^#[0-9a-f]{6}$",
];
const formats = ["date-time", "date", "time", "duration", "email", "uri", "uuid", "ipv4", "ipv6", "hostname"];

const bounds = fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 30 }));
const numberBounds = fc.tuple(fc.integer({ min: -500, max: 500 }), fc.integer({ min: 20, max: 400 }));

function some(keywords: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Schema> {
  return fc.record(keywords, { requiredKeys: [] });
}

const strings = fc.oneof(
  fc.constant({ type: "string" }),
  fc.constantFrom(...patterns).map((pattern) => ({ type: "string", pattern })),
  fc.constantFrom(...formats).map((format) => ({ type: "string", format })),
  bounds.map(([least, more]) => ({ type: "string", minLength: least, maxLength: least + more })),
  fc.constant({ type: "string", pattern: "^[a-z]+$", minLength: 12, maxLength: 20 }),
);
const numbers = fc
  .tuple(
    fc.constantFrom("number", "integer"),
    numberBounds,
    some({ multipleOf: fc.constantFrom(1, 3, 5, 0.5, 0.01) }),
    fc.nat(3),
  )
  .map(([type, [low, span], step, open]) => ({
    type,
    ...step,
    ...(open === 0 ? { minimum: low, maximum: low + span } : {}),
    ...(open === 1 ? { exclusiveMinimum: low, exclusiveMaximum: low + span } : {}),
    ...(open === 2 ? { exclusiveMaximum: low } : {}),
    ...(open === 3 ? { minimum: low } : {}),
  }));
const scalars = fc.oneof(
  strings,
  numbers,
  fc.constantFrom<Schema>({ type: "boolean" }, { type: "null" }, { const: "fixed" }, { const: { a: [1] } }),
  fc.constantFrom<Schema>({ enum: ["a", "b", 3, null] }, { type: "string", enum: ["a", "b", null] }),
  fc.constantFrom<Schema>({ type: ["string", "null"] }, { type: ["integer", "boolean"] }, {}),
  fc.constantFrom<Schema>(
    { $ref: "#/$defs/tree" },
    { $ref: "#/$defs/list" },
    { $ref: "#/definitions/leaf" },
    { $ref: "#/$defs/panel" },
  ),
);

const names = ["a", "b", "name", "x-1", "with space"];

function objectSchema(schema: fc.Arbitrary<Schema>): fc.Arbitrary<Schema> {
  return fc
    .tuple(
      fc.dictionary(fc.constantFrom(...names), schema),
      fc.subarray(names),
      fc.constantFrom(undefined, false, true),
    )
    .map(([properties, required, additionalProperties]) => ({
      type: "object",
      properties,
      required: required.filter((name) => Object.hasOwn(properties, name)),
      ...(additionalProperties === undefined ? {} : { additionalProperties }),
    }));
}

const { schema: schemas } = fc.letrec<{ schema: Schema }>((tie) => {
  const schema = tie("schema");
  return {
    schema: fc.oneof(
      { maxDepth: 4, depthSize: "small", withCrossShrink: true },
      scalars,
      objectSchema(schema),
      schema.map((additionalProperties) => ({ type: "object", additionalProperties, minProperties: 1 })),
      fc
        .tuple(schema, bounds)
        .map(([items, [least, more]]) => ({ type: "array", items, minItems: least, maxItems: least + more })),
      fc
        .array(schema, { minLength: 1, maxLength: 3 })
        .map((prefixItems) => ({ type: "array", prefixItems, items: false })),
      fc.constant({
        type: "array",
        items: { type: "integer", minimum: 1, maximum: 9 },
        uniqueItems: true,
        minItems: 6,
      }),
      fc.array(schema, { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
      fc.tuple(schema, schema).map(([one, other]) => ({ oneOf: [tagged("one", one), tagged("other", other)] })),
      fc.tuple(objectSchema(schema), schema).map(([one, other]) => ({
        allOf: [
          { ...one, additionalProperties: true },
          { properties: { more: other }, required: ["more"] },
        ],
      })),
    ),
  };
});

function tagged(kind: string, value: Schema): Schema {
  return {
    type: "object",
    properties: { kind: { const: kind }, value },
    required: ["kind"],
    additionalProperties: false,
  };
}

/** A part of a page that holds others, of either kind, or at least names what comes next. */
function panelOf(kind: string): Schema {
  const either = [{ $ref: "#/$defs/panel" }, { $ref: "#/$defs/button" }];
  return {
    type: "object",
    properties: {
      kind: { const: kind },
      parts: { type: "array", items: { anyOf: either } },
      next: { anyOf: [...either, { type: "null" }] },
    },
    required: ["kind", "parts", "next"],
    additionalProperties: false,
  };
}

const defs = {
  $defs: {
    tree: {
      type: "object",
      properties: { value: { type: "number" }, children: { type: "array", items: { $ref: "#/$defs/tree" } } },
      required: ["value", "children"],
      additionalProperties: false,
    },
    panel: panelOf("panel"),
    button: panelOf("button"),
    list: {
      type: "object",
      properties: { next: { anyOf: [{ $ref: "#/$defs/list" }, { type: "null" }] } },
      required: ["next"],
      additionalProperties: false,
    },
  },
  definitions: { leaf: { type: "string", maxLength: 5 } },
};

test("an instance is valid against the schema it was made for", () => {
  fc.assert(
    fc.property(schemas, fc.integer(), (schema, seed) => {
      const root = { ...defs, ...schema };
      const instance = instanceOf(root, createRng(seed));
      const holds = ajv.validate(root, instance);
      expect(holds, `${JSON.stringify(instance)}: ${ajv.errorsText()}`).toBe(true);
      ajv.removeSchema(root);
    }),
    { numRuns: 400 },
  );
});

test("the same chance gives the same instance", () => {
  fc.assert(
    fc.property(schemas, fc.integer(), (schema, seed) => {
      const root = { ...defs, ...schema };
      expect(instanceOf(root, createRng(seed))).toEqual(instanceOf(root, createRng(seed)));
    }),
  );
});

test("any JSON at all taken for a schema gives JSON data", () => {
  const keywords = [
    "$ref",
    "allOf",
    "anyOf",
    "oneOf",
    "type",
    "enum",
    "properties",
    "items",
    "pattern",
    "minLength",
    "required",
  ];
  const values = fc.oneof(
    fc.constantFrom("#", "#/anyOf/0", "object", "array", "string", "(", "((a*)*)*", -1, 1e9),
    fc.jsonValue(),
  );
  const { odd } = fc.letrec<{ odd: unknown }>((tie) => ({
    odd: fc.oneof(
      { maxDepth: 4 },
      values,
      fc.dictionary(fc.constantFrom(...keywords), tie("odd")),
      fc.array(tie("odd"), { maxLength: 3 }),
    ),
  }));
  fc.assert(
    fc.property(odd, fc.integer(), (schema, seed) => {
      const instance = instanceOf(schema, createRng(seed));
      expect(JSON.parse(JSON.stringify(instance))).toEqual(instance);
    }),
    { numRuns: 500 },
  );
});
