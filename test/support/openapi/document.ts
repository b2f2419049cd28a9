import { readFile } from "node:fs/promises";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import type { Schema, Schemas } from "./alternatives.ts";

/** Judges values by schemas that have names. */
export type SchemaJudge = {
  /** The schemas by their names. */
  readonly schemas: Schemas;
  /**
   * What is wrong with a value.
   *
   * @param name of a schema
   * @returns one line for each error, with its place; empty for a valid value
   */
  errors(name: string, value: unknown): string[];
  /**
   * The same for what may be any of several things: some of those that the OpenAI document calls `oneOf` do not exclude
   * each other, so that a value can be two of them.
   */
  mistakesOfAny(name: string, value: unknown): string[];
};

/** Reads an OpenAPI document of version 3.1. It may have `nullable` of 3.0, which is read as such. */
export async function readOpenApi(file: string): Promise<SchemaJudge> {
  const document = JSON.parse(await readFile(file, "utf8")) as { components: { schemas: Schemas } };
  const components = withoutNullable(document.components) as { schemas: Schemas };
  return judgeOf(components.schemas);
}

/** Judges values by schemas that refer to each other as those of an OpenAPI document do. */
export function judgeOf(schemas: Schemas): SchemaJudge {
  return {
    schemas,
    errors: judgeBy({ schemas }),
    mistakesOfAny: judgeBy(withoutOneOf({ schemas }) as object),
  };
}

function judgeBy(components: object): SchemaJudge["errors"] {
  const ajv = new Ajv2020({ strict: false, allErrors: true, logger: false });
  formats.default(ajv);
  ajv.addFormat("unixtime", { type: "number", validate: Number.isFinite });
  ajv.addSchema({ $id: "document", components });
  const compiled = new Map<string, ValidateFunction>();
  return (name, value) => {
    const validate = compiled.get(name) ?? ajv.compile({ $ref: `document#/components/schemas/${name}` });
    compiled.set(name, validate);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath} ${message ?? ""} ${JSON.stringify(params)}`,
    );
  };
}

/** The same schemas with `anyOf` in place of `oneOf`. */
function withoutOneOf(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutOneOf);
  if (typeof schema !== "object" || schema === null) return schema;
  const entries = Object.entries(schema).map(([name, value]) => [
    name === "oneOf" && Array.isArray(value) ? "anyOf" : name,
    withoutOneOf(value),
  ]);
  return Object.fromEntries(entries);
}

/** The same schemas, where `nullable: true` became another alternative. */
function withoutNullable(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutNullable);
  if (typeof schema !== "object" || schema === null) return schema;
  const { nullable, ...rest } = schema as Schema;
  const converted = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, withoutNullable(value)]));
  return nullable === true ? { anyOf: [converted, { type: "null" }] } : { ...converted, ...keptNullable(nullable) };
}

/** A property may be called `nullable`; its schema is no boolean. */
function keptNullable(nullable: unknown): Schema {
  return typeof nullable === "object" ? { nullable: withoutNullable(nullable) } : {};
}

/** The JSON of each event of a stream. */
export function eventsOf(text: string): unknown[] {
  return text
    .split("\n\n")
    .flatMap((event) => event.split("\n").filter((line) => line.startsWith("data: ")))
    .map((line) => line.slice("data: ".length))
    .filter((data) => data !== "[DONE]")
    .map((data) => JSON.parse(data));
}
