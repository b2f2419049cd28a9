import { numberOf, textOfSchema } from "./values.ts";
import { spend } from "./pattern.ts";
import { flatten, namesIn, never, type Reach } from "./flatten.ts";
import type { Rng } from "../rng.ts";
import { isObject, type JsonObject } from "../dialects/shared/json-body.ts";

/** Max schemas that are looked at for one instance, four for each property of the largest that the provider takes. */
const maxSchemas = 20_000;
/** Below this level only what must be there is made, so that recursion ends. */
const freeLevels = 4;
const deepest = 100;
const optionalShare = 0.8;
const maxExtra = 3;
const mostItems = 10_000;
/** Tries in a row for something that is not there yet. */
const maxMisses = 100;

/**
 * A value that is valid against a JSON Schema.
 *
 * References, branches, bounds, formats and patterns are followed; `not`, `if`, `contains`, `dependentSchemas` and
 * keywords that are not known are passed over. All properties that are required are there, others mostly, and
 * recursion ends as soon as the schema lets it. A schema that says nothing of a type gives an object at the root and
 * text further in. One that asks for more than about 20,000 values or 160,000 characters gets less, and is not met.
 *
 * @param schema draft 2020-12 or draft 7; anything else but an object gives `{}`
 * @returns JSON data; the same randomness gives the same value; never throws
 */
export function instanceOf(schema: unknown, rng: Rng): unknown {
  const reach: Reach = { root: schema, rng, left: maxSchemas, heights: new Map() };
  return valueOf(schema, reach, 0);
}

/** `level` is 0 at the root. */
function valueOf(schema: unknown, reach: Reach, level: number): unknown {
  const { rng } = reach;
  const flat = flatten(schema, reach, { small: level > freeLevels });
  if (flat === never || level > deepest || reach.left < 0) return level === 0 ? {} : null;
  if (Object.hasOwn(flat, "const")) return given(flat["const"], reach);
  const { enum: values } = flat;
  if (Array.isArray(values) && values.length > 0) return given(oneOf(fitting(values, flat["type"]), rng), reach);
  switch (typeOf(flat, level, rng)) {
    case "string":
      return textOfSchema(flat, reach);
    case "integer":
      return numberOf(flat, rng, 1);
    case "number":
      return numberOf(flat, rng, undefined);
    case "boolean":
      return rng() < 0.5;
    case "null":
      return null;
    case "array":
      return arrayOf(flat, reach, level);
    default:
      return objectOf(flat, reach, level);
  }
}

/** A value that the schema holds; a large one may be asked for many times. */
function given(value: unknown, reach: Reach): unknown {
  if (typeof value === "string") spend(reach, value.length);
  else if (typeof value === "object" && value !== null) spend(reach, JSON.stringify(value).length);
  return value;
}

function oneOf<T>(values: readonly T[], rng: Rng): T | undefined {
  return values[Math.floor(rng() * values.length)];
}

/** The values of an `enum` that are of the type asked for as well. */
function fitting(values: readonly unknown[], type: unknown): readonly unknown[] {
  if (type === undefined) return values;
  const types: readonly unknown[] = Array.isArray(type) ? type : [type];
  const fit = values.filter((value) => typesOf(value).some((each) => types.includes(each)));
  return fit.length === 0 ? values : fit;
}

function typesOf(value: unknown): readonly string[] {
  if (value === null) return ["null"];
  if (Array.isArray(value)) return ["array"];
  return Number.isInteger(value) ? ["integer", "number"] : [typeof value];
}

const byKeyword: readonly (readonly [string, readonly string[]])[] = [
  ["object", ["properties", "required", "additionalProperties", "patternProperties", "minProperties", "propertyNames"]],
  ["array", ["items", "prefixItems", "minItems", "maxItems", "uniqueItems"]],
  ["string", ["pattern", "format", "minLength", "maxLength"]],
  ["number", ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]],
];

function typeOf(flat: JsonObject, level: number, rng: Rng): unknown {
  const { type } = flat;
  if (typeof type === "string") return type;
  if (Array.isArray(type) && type.length > 0) {
    const types: readonly unknown[] = type;
    const simple = types.filter((each) => each !== "object" && each !== "array");
    return oneOf(level > freeLevels && simple.length > 0 ? simple : types, rng);
  }
  const told = byKeyword.find(([, keywords]) => keywords.some((keyword) => Object.hasOwn(flat, keyword)));
  return told?.[0] ?? (level === 0 ? "object" : "string");
}

function arrayOf(flat: JsonObject, reach: Reach, level: number): readonly unknown[] {
  const { prefixItems, items, additionalItems } = flat;
  const tuple: readonly unknown[] = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : [];
  const rest = Array.isArray(items) ? (additionalItems ?? true) : (items ?? true);
  const least = Math.min(countIn(flat, "minItems") ?? 0, mostItems);
  const max = Math.min(countIn(flat, "maxItems") ?? Infinity, rest === false ? tuple.length : Infinity);
  const small = level > freeLevels;
  const usual = Math.max(least, small ? 0 : Math.max(1, tuple.length));
  const more = small ? 0 : Math.floor(reach.rng() * (level < 2 ? 3 : 2));
  const wanted = Math.min(tuple.length > 0 ? usual : usual + more, max);
  const unique = flat["uniqueItems"] === true;
  const made: unknown[] = [];
  const seen = new Set<string>();
  for (let misses = 0; made.length < wanted && misses < maxMisses && reach.left >= 0; misses += 1) {
    const value = valueOf(made.length < tuple.length ? tuple[made.length] : rest, reach, level + 1);
    if (unique && seen.size === seen.add(JSON.stringify(value)).size) continue;
    made.push(value);
    misses = -1;
  }
  return made;
}

function countIn(flat: JsonObject, keyword: string): number | undefined {
  const value = flat[keyword];
  return typeof value === "number" && value >= 0 ? Math.floor(value) : undefined;
}

function objectOf(flat: JsonObject, reach: Reach, level: number): JsonObject {
  const { rng } = reach;
  const properties = isObject(flat["properties"]) ? flat["properties"] : {};
  const required = new Set(namesIn(flat["required"]));
  const least = countIn(flat, "minProperties") ?? 0;
  const max = countIn(flat, "maxProperties") ?? Infinity;
  const made = new Map<string, unknown>();
  let room = Math.max(0, max - required.size);
  let needed = least - required.size;
  for (const [name, schema] of Object.entries(properties)) {
    spend(reach, name.length);
    if (required.has(name)) {
      made.set(name, valueOf(schema, reach, level + 1));
      continue;
    }
    const mayBe = schema !== never && room > 0;
    if (!mayBe || (needed <= 0 && (level > freeLevels || rng() >= optionalShare))) continue;
    if (flatten(schema, reach, { small: true }) === never) continue;
    made.set(name, valueOf(schema, reach, level + 1));
    room -= 1;
    needed -= 1;
  }
  for (const name of required) {
    if (!made.has(name)) made.set(name, valueOf(extraSchema(flat), reach, level + 1));
  }
  addExtra(flat, made, { reach, level, least: Math.min(least, mostItems), room });
  return Object.fromEntries(made);
}

/** The schema of properties that are not named. */
function extraSchema({ additionalProperties, patternProperties }: JsonObject): unknown {
  if (isObject(patternProperties)) return Object.values(patternProperties)[0];
  return isObject(additionalProperties) ? additionalProperties : true;
}

/** Adds properties that are not named, where they are the point of a schema or wanted by number. */
function addExtra(
  flat: JsonObject,
  made: Map<string, unknown>,
  { reach, level, least, room }: { reach: Reach; level: number; least: number; room: number },
): void {
  const { properties, additionalProperties, patternProperties, propertyNames } = flat;
  const patterns = isObject(patternProperties) ? Object.keys(patternProperties) : [];
  const isMap = properties === undefined && (isObject(additionalProperties) || patterns.length > 0);
  if (additionalProperties === false && patterns.length === 0) return;
  const free = isMap && level <= freeLevels ? Math.min(room, 1 + Math.floor(reach.rng() * maxExtra)) : 0;
  const wanted = Math.max(least, free);
  const names =
    patterns.length > 0
      ? { pattern: patterns[0] }
      : isObject(propertyNames)
        ? { ...plainName, ...propertyNames }
        : plainName;
  for (let misses = 0; made.size < wanted && misses < maxMisses && reach.left >= 0; misses += 1) {
    const name = valueOf({ ...names, type: "string" }, reach, level + 1);
    if (typeof name !== "string" || made.has(name)) continue;
    made.set(name, valueOf(extraSchema(flat), reach, level + 1));
    misses = -1;
  }
}

const plainName = { pattern: "[a-z]{3,}" };
