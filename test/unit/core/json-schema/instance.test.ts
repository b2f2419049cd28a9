import { describe, expect, test } from "vitest";
import { instanceOf } from "../../../../src/core/json-schema/instance.ts";
import { createRng } from "../../../../src/core/rng.ts";

function instance(schema: unknown, seed = 1): unknown {
  return instanceOf(schema, createRng(seed));
}

describe("instanceOf", () => {
  test.each([undefined, null, true, false, "text", 3, [], {}])("gives an empty object for %j", (schema) => {
    expect(instance(schema)).toEqual({});
  });

  test("gives all required properties, and optional ones often", () => {
    const schema = {
      type: "object",
      properties: { must: { type: "boolean" }, may: { type: "boolean" } },
      required: ["must"],
    };
    const made = Array.from({ length: 100 }, (_, seed) => Object.keys(instance(schema, seed) as object));
    expect(made.every((names) => names.includes("must"))).toBe(true);
    const often = made.filter((names) => names.includes("may")).length;
    expect(often).toBeGreaterThan(60);
    expect(often).toBeLessThan(95);
  });

  test("keeps properties with the names of an object's own members", () => {
    const schema = JSON.parse(
      `{"type":"object","properties":{"__proto__":{"const":1},"toString":{"const":2}},"required":["__proto__","toString"]}`,
    );
    expect(JSON.stringify(instance(schema))).toBe(`{"__proto__":1,"toString":2}`);
  });

  test("joins properties with such names", () => {
    const part = (value: number): unknown =>
      JSON.parse(`{"properties":{"__proto__":{"const":${value}},"a":{}},"required":["__proto__"]}`);
    expect(JSON.stringify(instance({ allOf: [{ properties: { b: {} } }, part(7)] }))).toContain(`"__proto__":7`);
  });

  test("gives nothing more where both of two schemas are closed", () => {
    const closed = { type: "object", additionalProperties: false };
    for (let seed = 0; seed < 20; seed += 1) expect(instance({ allOf: [closed, closed] }, seed)).toEqual({});
  });

  test("takes only values of an enum that are of the type", () => {
    const schema = { type: "string", enum: [null, "only", 3] };
    for (let seed = 0; seed < 20; seed += 1) expect(instance(schema, seed)).toBe("only");
  });

  test("leaves out what the other branches of oneOf are known by", () => {
    const schema = {
      type: "object",
      properties: { mail: { const: "m" }, phone: { const: "p" } },
      oneOf: [{ required: ["mail"] }, { required: ["phone"] }],
    };
    const made = new Set(Array.from({ length: 40 }, (_, seed) => JSON.stringify(instance(schema, seed))));
    expect(made).toEqual(new Set([`{"mail":"m"}`, `{"phone":"p"}`]));
  });

  test("follows references with escaped names", () => {
    const schema = {
      type: "array",
      minItems: 1,
      items: { $ref: "#/$defs/a~1b%3Cc%3E" },
      $defs: { "a/b<c>": { const: "found" } },
    };
    expect(new Set(instance(schema) as unknown[])).toEqual(new Set(["found"]));
  });

  test("gives a pattern's lengths", () => {
    const schema = { type: "string", pattern: "^[a-z]+$", minLength: 30, maxLength: 32 };
    for (let seed = 0; seed < 20; seed += 1) expect(instance(schema, seed)).toMatch(/^[a-z]{30,32}$/);
  });

  test("gives everyday numbers where the bounds are those of the machine", () => {
    const schema = { type: "integer", minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER };
    for (let seed = 0; seed < 20; seed += 1)
      expect(Math.abs(instance(schema, seed) as number)).toBeLessThanOrEqual(100);
  });

  test.each([
    ["itself", { $ref: "#" }],
    ["itself in either branch", { anyOf: [{ $ref: "#" }, { $ref: "#" }] }],
    ["two of itself", { type: "array", items: { $ref: "#" }, minItems: 2 }],
    ["a pattern that repeats nothing", { type: "string", pattern: "((|){1000}){100000}" }],
    ["a text longer than memory", { type: "string", minLength: 1e15 }],
    ["more items than memory holds", { type: "array", items: { type: "null" }, minItems: 1e15 }],
    ["ten thousand times a long constant", { type: "array", items: { const: "x".repeat(9999) }, minItems: 10_000 }],
    [
      "a long name again and again",
      { type: "array", items: { properties: { ["n".repeat(9999)]: {} }, minProperties: 1 }, minItems: 10_000 },
    ],
    ["more different items than there are", { type: "array", items: { enum: [1, 2] }, uniqueItems: true, minItems: 9 }],
    ["one of 300,000 branches", { type: "array", items: { anyOf: Array.from({ length: 300_000 }, () => ({})) } }],
    [
      "a long chain of references, deep inside",
      {
        $ref: "#/$defs/0",
        $defs: Array.from({ length: 20_000 }, (_, at) => ({
          properties: { a: { anyOf: [{ $ref: `#/$defs/${at + 1}` }, { $ref: `#/$defs/${at + 1}` }] } },
          required: ["a"],
        })),
      },
    ],
    ["a pattern that is none", { type: "string", pattern: "([" }],
    ["a pattern nested deep", { type: "string", pattern: "(".repeat(100_000) }],
  ])("ends where a schema asks for %s", (_, schema) => {
    expect(JSON.stringify(instance(schema)).length).toBeLessThan(200_000);
  });
});
