/** A schema of an OpenAPI document, without `nullable`. */
export type Schema = { readonly [keyword: string]: unknown };
export type Schemas = { readonly [name: string]: Schema };

/** A schema without references and without branches. */
export type Simple = {
  /** The types that are allowed; undefined for any. */
  readonly type?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly properties?: { readonly [name: string]: Schema };
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
};

const refStart = "#/components/schemas/";

/** What a value can be to be valid against a schema: it is valid against at least one of these. */
export function alternativesOf(schema: Schema, schemas: Schemas): readonly Simple[] {
  const { $ref: reference, $recursiveRef: recursive, allOf = [], anyOf, oneOf, ...own } = schema;
  let found: readonly Simple[] = [simpleOf(own)];
  const and = (branches: readonly Schema[]): void => {
    const others = branches.flatMap((branch) => alternativesOf(branch, schemas));
    found = found.flatMap((one) => others.flatMap((other) => joined(one, other) ?? []));
  };
  if (typeof reference === "string") and([schemas[reference.slice(refStart.length)]!]);
  // The document uses it once, for filters of filters; `#` is then the filter itself.
  if (recursive !== undefined) and([schemas["ComparisonFilter"]!]);
  for (const each of allOf as readonly Schema[]) and([each]);
  if (anyOf !== undefined) and(anyOf as readonly Schema[]);
  if (oneOf !== undefined) and(oneOf as readonly Schema[]);
  return found.flatMap(withOneType);
}

function simpleOf({ type, const: only, ...rest }: Schema): Simple {
  const types = typeof type === "string" ? [type] : (type as readonly string[] | undefined);
  return { ...rest, ...(types && { type: types }), ...(only !== undefined && { enum: [only] }) };
}

function withOneType(simple: Simple): readonly Simple[] {
  return simple.type === undefined ? [simple] : simple.type.map((type) => ({ ...simple, type: [type] }));
}

/** What both ask for; undefined where that cannot be. */
function joined(one: Simple, other: Simple): Simple | undefined {
  const type = common(one.type, other.type);
  const values = common(one.enum, other.enum);
  if (type?.length === 0 || values?.length === 0) return undefined;
  const properties = { ...one.properties };
  for (const [name, schema] of Object.entries(other.properties ?? {})) {
    const first = properties[name];
    properties[name] = first === undefined ? schema : { allOf: [first, schema] };
  }
  const required = [...new Set([...(one.required ?? []), ...(other.required ?? [])])];
  return {
    ...one,
    ...other,
    ...(type && { type }),
    ...(values && { enum: values }),
    ...((one.properties ?? other.properties) && { properties }),
    ...(required.length > 0 && { required }),
    ...bounds(one, other, Math.max, ["minimum", "minItems", "minLength"]),
    ...bounds(one, other, Math.min, ["maximum", "maxItems", "maxLength"]),
  };
}

function common<Value>(one: readonly Value[] | undefined, other: readonly Value[] | undefined) {
  if (one === undefined || other === undefined) return one ?? other;
  return one.filter((value) => other.includes(value));
}

type Bound = "minimum" | "maximum" | "minItems" | "maxItems" | "minLength" | "maxLength";

function bounds(one: Simple, other: Simple, of: (a: number, b: number) => number, names: readonly Bound[]): Simple {
  return Object.fromEntries(
    names.flatMap((name) => {
      const [first, second] = [one[name] ?? other[name], other[name] ?? one[name]];
      return first === undefined || second === undefined ? [] : [[name, of(first, second)]];
    }),
  );
}
