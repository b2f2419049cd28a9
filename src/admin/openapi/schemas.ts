import { z } from "zod";

/** A schema of JSON Schema 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Schemas by their names. */
type Named = Readonly<Record<string, z.ZodType>>;

/** The schemas of a document. */
export type Schemas = {
  /** Of what is sent: a reference where it has a name, and open to further members. */
  sent(schema: z.ZodType): JsonSchema;
  /** Of what is taken. */
  taken(schema: z.ZodType): JsonSchema;
  /** Those that have names. */
  components(): Readonly<Record<string, JsonSchema>>;
};

/** Makes the schemas of a document, from those that have names. */
export function createSchemas(named: { readonly sent: Named; readonly taken: Named }): Schemas {
  const sent = converter(named.sent, "output");
  const taken = converter(named.taken, "input");
  return {
    sent: (schema) => open(sent.convert(schema)),
    taken: taken.convert,
    components: () => ({
      ...Object.fromEntries(Object.entries(sent.components()).map(([name, schema]) => [name, open(schema)])),
      ...taken.components(),
    }),
  };
}

type Converter = { convert(schema: z.ZodType): JsonSchema; components(): Readonly<Record<string, JsonSchema>> };

function converter(named: Named, io: "input" | "output"): Converter {
  const names = new Map<unknown, string>(Object.entries(named).map(([name, schema]) => [schema, name]));
  const whole = (schema: z.ZodType): JsonSchema => {
    const { $schema: _, ...converted } = z.toJSONSchema(schema, {
      io,
      unrepresentable: "any",
      override({ zodSchema, jsonSchema, path }) {
        const name = path.length === 0 ? undefined : names.get(zodSchema);
        if (name === undefined) return;
        for (const member of Object.keys(jsonSchema)) delete jsonSchema[member];
        jsonSchema.$ref = referenceTo(name);
      },
    });
    return converted;
  };
  return {
    convert(schema) {
      const name = names.get(schema);
      return name === undefined ? whole(schema) : { $ref: referenceTo(name) };
    },
    components: () => Object.fromEntries(Object.entries(named).map(([name, schema]) => [name, whole(schema)])),
  };
}

function referenceTo(name: string): string {
  return `#/components/schemas/${name}`;
}

/** Without what forbids further members: a later version may send more. */
function open(schema: JsonSchema): JsonSchema {
  const entries = Object.entries(schema).filter(([name, value]) => name !== "additionalProperties" || value !== false);
  return Object.fromEntries(entries.map(([name, value]) => [name, openIn(value)]));
}

function openIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(openIn);
  return typeof value === "object" && value !== null ? open({ ...value }) : value;
}
