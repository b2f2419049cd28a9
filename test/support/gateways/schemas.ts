import { Ajv } from "ajv";
import { parse } from "yaml";
import type { Resource } from "./kubernetes.ts";

type Json = Readonly<Record<string, unknown>>;

/** What the JSON schema of Kong's declarative configuration says against a file. @param schema its text */
export function kongSchemaProblems(schema: string, text: string): unknown[] {
  return problemsBy(withoutDialect(JSON.parse(schema)), parse(text));
}

type Crd = {
  readonly spec: {
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Json } }[];
  };
};

/**
 * What the definition of its kind says against a resource; fields that it does not know included.
 *
 * @param crds texts of CustomResourceDefinitions, one of which is for the resource
 */
export function crdProblems(crds: readonly string[], resource: Resource): unknown[] {
  const found = crds.map((text) => parse(text) as Crd).find(({ spec }) => spec.names.kind === resource.kind);
  const schema = found?.spec.versions[0]?.schema.openAPIV3Schema;
  if (schema === undefined) return [`no definition of ${resource.kind}`];
  const closed = closedOf(schema) as { properties: Json };
  return problemsBy({ ...closed, properties: { ...closed.properties, metadata: {} } }, resource);
}

function problemsBy(schema: Json, data: unknown): unknown[] {
  const ajv = new Ajv({ strict: false, validateSchema: false, validateFormats: false, allErrors: true });
  const validate = ajv.compile(schema);
  return validate(data) ? [] : (validate.errors ?? []);
}

/** A schema without the marks of a dialect that ajv does not know, whose rules it follows all the same. */
function withoutDialect(schema: unknown): Json {
  const bare = JSON.stringify(schema, (key, value: unknown) => (key === "$schema" ? undefined : value));
  return JSON.parse(bare) as Json;
}

/** A schema in which an object has no other fields than those named; Kubernetes would drop them without a word. */
function closedOf(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closedOf);
  if (typeof schema !== "object" || schema === null) return schema;
  const closed = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closedOf(value)]));
  const open = !("properties" in closed) || "additionalProperties" in closed || closed["type"] !== "object";
  return open || "x-kubernetes-preserve-unknown-fields" in closed ? closed : { ...closed, additionalProperties: false };
}
