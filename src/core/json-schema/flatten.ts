import type { Budget } from "./pattern.ts";
import { elementsOf, isObject, type JsonObject } from "../dialects/shared/json-body.ts";

/** A schema that nothing is valid against. */
export const never = false;

/** How far a schema may be followed; what may yet be made is counted in schemas that are looked at. */
export type Reach = Budget & {
  /** The whole schema, to which `$ref` points. */
  readonly root: unknown;
  /** How deep the least instances of schemas are, as far as known. */
  readonly heights: Map<unknown, number>;
};

/** How to go: `small` takes the branch whose instances end soonest, and not any; `chain` schemas led here. */
type Way = { readonly small: boolean; readonly chain?: number };

const maxChainLength = 32;
/** So many names copied from one schema into another cost as much as one schema. */
const namesPerSchema = 20;

/**
 * A schema with its references followed, its `allOf` joined and one branch of each `anyOf` and `oneOf` taken.
 *
 * @returns `never` when its parts exclude each other
 */
export function flatten(schema: unknown, reach: Reach, { small, chain = 0 }: Way): JsonObject | typeof never {
  reach.left -= 1;
  if (schema === false) return never;
  if (!isObject(schema) || chain > maxChainLength || reach.left < 0) return {};
  const below: Way = { small, chain: chain + 1 };
  const { $ref: reference, allOf, anyOf, oneOf, ...own } = schema;
  let joined: JsonObject | typeof never = own;
  const join = (other: unknown): void => {
    if (reach.left < 0) return;
    const flat = flatten(other, reach, below);
    joined = joined === never || flat === never ? never : merged(joined, flat);
    if (joined !== never) reach.left -= Object.keys(joined["properties"] ?? {}).length / namesPerSchema;
  };
  if (typeof reference === "string") join(targetOf(reference, reach.root));
  for (const each of elementsOf(allOf)) join(each);
  for (const branches of [anyOf, oneOf]) {
    if (!Array.isArray(branches) || joined === never) continue;
    const whole: JsonObject = joined;
    const exclusive = branches === oneOf;
    joined = never;
    for (const branch of inOrder(branches, reach, small)) {
      const flat = flatten(branch, reach, below);
      if (flat === never) continue;
      joined = merged(whole, flat);
      if (joined === never) continue;
      if (exclusive) joined = withoutOthers(joined, branch, branches);
      break;
    }
  }
  return joined;
}

/** The branches from any of them on; where instances must end, those that end soonest first. */
function inOrder(branches: readonly unknown[], reach: Reach, small: boolean): readonly unknown[] {
  if (small) {
    const measured = branches.map((branch) => ({ branch, height: heightOf(branch, reach, []) }));
    return measured.sort((one, other) => one.height - other.height).map(({ branch }) => branch);
  }
  const first = Math.floor(reach.rng() * branches.length);
  return [...branches.slice(first), ...branches.slice(0, first)];
}

/** A schema with one branch of `oneOf`, without the members that other branches are known by. */
function withoutOthers(flat: JsonObject, branch: unknown, branches: readonly unknown[]): JsonObject {
  const required = new Set(namesIn(flat["required"]));
  const properties = copyOf(isObject(flat["properties"]) ? flat["properties"] : {});
  for (const other of branches) {
    if (other === branch || !isObject(other)) continue;
    for (const name of namesIn(other["required"])) if (!required.has(name)) properties[name] = never;
  }
  return { ...flat, properties };
}

/** How deep an instance must at least be; Infinity for one that does not end. */
function heightOf(schema: unknown, reach: Reach, above: readonly string[]): number {
  const known = reach.heights.get(schema);
  if (known !== undefined) return known;
  const height = measured(schema, reach, above);
  if (height < Infinity) reach.heights.set(schema, height);
  return height;
}

function measured(schema: unknown, reach: Reach, above: readonly string[]): number {
  reach.left -= 1;
  if (!isObject(schema) || reach.left < 0 || Object.hasOwn(schema, "const") || Object.hasOwn(schema, "enum")) return 0;
  const { $ref: reference, anyOf, oneOf, allOf, properties, items, minItems, type } = schema;
  let height = 0;
  const atLeast = (other: number): void => {
    height = Math.max(height, other);
  };
  if (typeof reference === "string") {
    if (above.includes(reference) || above.length > maxChainLength) return Infinity;
    atLeast(heightOf(targetOf(reference, reach.root), reach, [...above, reference]));
  }
  for (const branches of [anyOf, oneOf]) {
    if (!Array.isArray(branches)) continue;
    let least = Infinity;
    for (const branch of elementsOf(branches)) least = Math.min(least, heightOf(branch, reach, above));
    atLeast(least);
  }
  for (const each of elementsOf(allOf)) atLeast(heightOf(each, reach, above));
  if (Array.isArray(type) && type.some((each) => each !== "object" && each !== "array")) return height;
  for (const name of namesIn(schema["required"])) {
    if (!isObject(properties) || !Object.hasOwn(properties, name)) continue;
    atLeast(1 + heightOf(properties[name], reach, above));
  }
  if (typeof minItems === "number" && minItems > 0) atLeast(1 + heightOf(items, reach, above));
  return height;
}

/** The names in `required`. */
export function namesIn(required: unknown): readonly string[] {
  return Array.isArray(required) ? required.filter((name) => typeof name === "string") : [];
}

/** What a reference within the schema points to; anything where it points nowhere. */
function targetOf(reference: string, root: unknown): unknown {
  if (!reference.startsWith("#")) return {};
  let target = root;
  for (const part of reference.slice(1).split("/").slice(1)) {
    const name = decoded(part).replaceAll("~1", "/").replaceAll("~0", "~");
    target =
      (isObject(target) || Array.isArray(target)) && Object.hasOwn(target, name) ? Reflect.get(target, name) : {};
  }
  return target;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** A copy in which any name can be set, `__proto__` too. */
function copyOf(object: JsonObject): Record<string, unknown> {
  const empty: Record<string, unknown> = Object.create(null);
  return Object.assign(empty, object);
}

/** What both schemas ask for; `never` where that cannot be. */
function merged(one: JsonObject, other: JsonObject): JsonObject | typeof never {
  const both = copyOf(one);
  for (const [keyword, value] of Object.entries(other)) {
    const had = Object.hasOwn(one, keyword) ? one[keyword] : undefined;
    both[keyword] = had === undefined ? value : joinedKeyword(keyword, had, value);
  }
  closeTo(both, one, other);
  closeTo(both, other, one);
  if (Array.isArray(both["type"]) && both["type"].length === 0) return never;
  return Array.isArray(both["enum"]) && both["enum"].length === 0 ? never : both;
}

const larger = new Set(["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"]);
const smaller = new Set(["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"]);

function joinedKeyword(keyword: string, one: unknown, other: unknown): unknown {
  if (typeof one === "number" && typeof other === "number") return joinedNumber(keyword, one, other);
  switch (keyword) {
    case "type":
      return commonTypes(asList(one), asList(other));
    case "enum":
      return commonValues(asList(one), asList(other));
    case "required":
      return [...new Set([...namesIn(one), ...namesIn(other)])];
    case "properties":
      return joinedProperties(one, other);
    case "items":
    case "additionalProperties":
      if (one === never || other === never) return never;
      if (one === true) return other;
      return other === true ? one : { allOf: [one, other] };
    case "uniqueItems":
      return one === true || other === true;
    default:
      return one;
  }
}

function joinedNumber(keyword: string, one: number, other: number): number {
  if (larger.has(keyword)) return Math.max(one, other);
  if (smaller.has(keyword)) return Math.min(one, other);
  return keyword === "multipleOf" && one % other !== 0 ? one * other : one;
}

function joinedProperties(one: unknown, other: unknown): JsonObject {
  const both = copyOf(isObject(one) ? one : {});
  for (const [name, schema] of Object.entries(isObject(other) ? other : {})) {
    both[name] = Object.hasOwn(both, name) ? { allOf: [both[name], schema] } : schema;
  }
  return both;
}

/** Where `closed` allows no further properties, those that only `other` names are not given. */
function closeTo(both: Record<string, unknown>, closed: JsonObject, other: JsonObject): void {
  if (closed["additionalProperties"] !== false || !isObject(both["properties"])) return;
  const own = isObject(closed["properties"]) ? closed["properties"] : {};
  const names = Object.keys(isObject(other["properties"]) ? other["properties"] : {});
  const shut = names.filter((name) => !Object.hasOwn(own, name)).map((name) => [name, never]);
  if (shut.length > 0) both["properties"] = Object.assign(copyOf(both["properties"]), Object.fromEntries(shut));
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function commonValues(one: readonly unknown[], other: readonly unknown[]): readonly unknown[] {
  const others = new Set(other.map((value) => JSON.stringify(value)));
  return one.filter((value) => others.has(JSON.stringify(value)));
}

function commonTypes(one: readonly unknown[], other: readonly unknown[]): readonly unknown[] {
  const others = new Set(other);
  const common = one.filter((type) => others.has(type));
  const integers =
    (one.includes("integer") && others.has("number")) || (one.includes("number") && others.has("integer"));
  return integers && !common.includes("integer") ? [...common, "integer"] : common;
}
