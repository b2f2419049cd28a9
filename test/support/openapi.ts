import { readFile } from "node:fs/promises";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";

type Schema = { readonly [keyword: string]: unknown };

/** Judges values by the schemas of an OpenAPI document. */
export type SchemaJudge = {
  /**
   * What is wrong with a value.
   *
   * @param name of a schema of the document
   * @returns one line for each mistake, with its place; empty for a valid value
   */
  mistakes(name: string, value: unknown): string[];
};

/** Reads an OpenAPI document of version 3.1. It may have `nullable` of 3.0, which is read as such. */
export async function readOpenApi(file: string): Promise<SchemaJudge> {
  const document = JSON.parse(await readFile(file, "utf8")) as { components: { schemas: Schema } };
  const ajv = new Ajv2020({ strict: false, allErrors: true, logger: false });
  formats.default(ajv);
  ajv.addFormat("unixtime", { type: "number", validate: Number.isFinite });
  ajv.addSchema({ $id: "document", components: withoutNullable(document.components) });
  const compiled = new Map<string, ValidateFunction>();
  return {
    mistakes(name, value) {
      const validate = compiled.get(name) ?? ajv.compile({ $ref: `document#/components/schemas/${name}` });
      compiled.set(name, validate);
      if (validate(value)) return [];
      return (validate.errors ?? []).map(
        ({ instancePath, message, params }) => `${instancePath} ${message ?? ""} ${JSON.stringify(params)}`,
      );
    },
  };
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
