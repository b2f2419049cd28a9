import * as fc from "fast-check";
import { alternativesOf, type Schema, type Schemas, type Simple } from "./alternatives.ts";

/** What a member holds, made from what its schema says. */
type Held = (plain: fc.Arbitrary<unknown>) => fc.Arbitrary<unknown>;

const asItIs: Held = (plain) => plain;

/** What the schemas alone do not say. */
export type Hints = {
  /**
   * What members hold.
   *
   * Each stands under the end of a path of members, as `tools.function.name`; the longest that fits counts. The arbitrary
   * it gets is the one of the schema.
   */
  readonly members: { readonly [path: string]: Held };
  /** What `type` says of the objects that are usual among several that are allowed. */
  readonly kinds: readonly string[];
};

/** About so many of the optional members of an object are there; below a depth none is, and lists have what they must. */
const usualMembers = 8;
const deepest = 6;
const mostItems = 3;
const mostEntries = 3;
const usualChars = 24;

/**
 * Any value that is valid against a schema of an OpenAPI document; it has no members that the document does not name.
 *
 * @param schemas of the document, to which references point
 */
export function instancesOf(schema: Schema, schemas: Schemas, hints: Hints): fc.Arbitrary<unknown> {
  const { members: held, kinds } = hints;
  const ends = Object.keys(held).toSorted((one, other) => other.length - one.length);

  const heldAt = (path: readonly string[]): Held => {
    const written = path.join(".");
    const end = ends.find((each) => written === each || written.endsWith(`.${each}`));
    return end === undefined ? asItIs : held[end]!;
  };

  const valueOf = (schema: Schema, path: readonly string[], hint = heldAt(path)): fc.Arbitrary<unknown> => {
    const alternatives = alternativesOf(schema, schemas);
    // What the schema lists, it says best itself.
    const isOpen = alternatives.some((simple) => simple.enum === undefined);
    const branches = alternatives.map((simple) => ({
      weight: weightOf(simple, kinds),
      arbitrary: simpleValueOf(simple, path),
    }));
    const plain = fc.oneof(...branches);
    return isOpen ? hint(plain) : plain;
  };

  const simpleValueOf = (schema: Simple, path: readonly string[]): fc.Arbitrary<unknown> => {
    if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
    const type = schema.type?.[0];
    if (type === "object" || schema.properties !== undefined) return objectOf(schema, path);
    if (type === "array") return listOf(schema, path);
    if (type === "string") return textOf(schema);
    if (type === "integer") return fc.integer(rangeOf(schema, 5000));
    if (type === "number") return fc.double({ ...rangeOf(schema, 10), noNaN: true });
    if (type === "boolean") return fc.boolean();
    return type === "null" ? fc.constant(null) : fc.jsonValue({ maxDepth: 1 });
  };

  const objectOf = (schema: Simple, path: readonly string[]): fc.Arbitrary<unknown> => {
    const { required = [], additionalProperties: more } = schema;
    // The document has an item whose member is required and not described.
    const bare = Object.fromEntries(required.map((member): [string, Schema] => [member, {}]));
    const properties = { ...bare, ...schema.properties };
    const optional = Object.keys(properties).filter((member) => !required.includes(member));
    const share = path.length >= deepest ? 0 : Math.min(0.5, usualMembers / optional.length);
    const members = Object.entries(properties)
      .filter(([member]) => share > 0 || required.includes(member))
      .map(([member, each]): [string, fc.Arbitrary<unknown>] => {
        const value = valueOf(each, [...path, member]);
        return [member, required.includes(member) ? value : sometimes(value, share)];
      });
    const named = fc.record(Object.fromEntries(members)).map(withoutAbsent);
    if (more === undefined || more === false || Object.keys(properties).length > 0) return named;
    const each = more === true ? fc.jsonValue({ maxDepth: 1 }) : valueOf(more, [...path, "*"]);
    return fc.dictionary(fc.string({ minLength: 1, maxLength: 9 }), each, {
      maxKeys: mostEntries,
      noNullPrototype: true,
    });
  };

  const listOf = (schema: Simple, path: readonly string[]): fc.Arbitrary<unknown> => {
    const { items = {}, minItems: minLength = 0, maxItems = Infinity } = schema;
    const most = path.length >= deepest ? minLength : minLength + mostItems;
    return fc.array(valueOf(items, path, asItIs), { minLength, maxLength: Math.min(maxItems, most), size: "max" });
  };

  return valueOf(schema, []);
}

/** Nothing is not as usual as something. */
function weightOf({ type, properties }: Simple, kinds: readonly string[]): number {
  if (type?.[0] === "null") return 1;
  const { enum: names = [], const: name } = (properties?.["type"] ?? {}) as { enum?: string[]; const?: string };
  return [...names, name ?? ""].some((name) => kinds.includes(name)) ? 24 : 3;
}

const absent = Symbol("absent");

function sometimes(value: fc.Arbitrary<unknown>, share: number): fc.Arbitrary<unknown> {
  const weight = Math.round(share * 100);
  return fc.oneof({ weight: 100 - weight, arbitrary: fc.constant(absent) }, { weight, arbitrary: value });
}

function withoutAbsent(object: Record<string, unknown>): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== absent));
}

function rangeOf({ minimum, maximum }: Simple, usual: number): { min: number; max: number } {
  const min = Math.max(minimum ?? -1, -usual);
  return { min, max: Math.min(maximum ?? usual, Math.max(usual, min)) };
}

function textOf({ format, pattern, minLength = 0, maxLength = Infinity }: Simple): fc.Arbitrary<string> {
  if (pattern !== undefined) {
    return fc.stringMatching(new RegExp(pattern)).filter(({ length }) => length >= minLength && length <= maxLength);
  }
  if (format === "uri") return fc.constantFrom("https://example.com/a.png", "data:text/plain;base64,AA==");
  const lengths = { minLength, maxLength: Math.min(maxLength, minLength + usualChars) };
  const usual = fc.constantFrom("Say this", "in JSON", "日本語 🎉", 'a "quote" \\ and\nmore', "a");
  return fc.oneof(
    fc.string({ ...lengths, unit: "binary" }).map((text) => text.toWellFormed()),
    usual.filter(({ length }) => length >= lengths.minLength && length <= lengths.maxLength),
  );
}
