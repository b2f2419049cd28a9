import { readFileSync } from "node:fs";
import path from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { parseAllDocuments } from "yaml";

/** An object of Kubernetes, as far as the tests look into it. */
export type KubernetesObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: unknown;
  readonly data?: Readonly<Record<string, string>>;
};

type Schemas = { readonly version: string; readonly kinds: Record<string, object>; readonly $defs: object };

const file = path.join(import.meta.dirname, "../../data/kubernetes/schemas.json");
const schemas: Schemas = JSON.parse(readFileSync(file, "utf8"));
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
const compiled = new Map<string, ValidateFunction>();

function validatorOf(kind: string): ValidateFunction | undefined {
  const schema = schemas.kinds[kind];
  const known = compiled.get(kind);
  if (known !== undefined || schema === undefined) return known;
  const made = ajv.compile({ ...schema, $defs: schemas.$defs });
  compiled.set(kind, made);
  return made;
}

/** The objects of a file with several documents; empty documents are passed over. */
export function objectsIn(text: string): KubernetesObject[] {
  return parseAllDocuments(text, { merge: true, uniqueKeys: true }).flatMap((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    const value = document.toJS() as KubernetesObject | null;
    return value === null ? [] : [value];
  });
}

/** What is wrong with an object by the schema of its kind, one sentence each. */
export function problemsOf(object: KubernetesObject): string[] {
  const kind = `${object.apiVersion}/${object.kind}`;
  const validate = validatorOf(kind);
  if (validate === undefined) return [`${kind}: there is no schema of it`];
  const valid: boolean = validate(object);
  if (valid) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message = "", params }) =>
      `${kind} ${object.metadata.name}${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}
