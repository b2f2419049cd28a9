import { isObject, type JsonObject } from "./json-body.ts";

/** What a field holds; `mixed` where it may be of several JSON types. */
export type Kind = "string" | "integer" | "number" | "boolean" | "array" | "object" | "mixed";

type Parse<Value> = (value: unknown) => Value | undefined;

/** One member of a request: a row of the tables by which a request is read. */
export type Field<Value = unknown> = {
  readonly name: string;
  /** A second name that it goes by, and which messages use. */
  readonly alias: string | undefined;
  readonly kind: Kind;
  /** The value to go on with; undefined for one that is refused. */
  readonly parse: Parse<Value>;
  readonly required: boolean;
  /** When it is not under its name, it is absent. */
  readonly mayBeAbsent: boolean;
  /** There is more to check in it. */
  readonly nests: boolean;
  readonly rules: Rules;
  readonly wording: Wording;
};

/** A field that must be there. */
export type RequiredField<Value = unknown> = Field<Value> & { readonly required: true };

/** What is asked of a field beyond its kind. */
export type Rules = {
  /** What messages call its type, where that is not the usual word. */
  readonly called?: string;
  /** Ends of a range, both included: of a number, of the characters of a string, of the elements of an array. */
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
  readonly allowed?: readonly string[];
  /** What messages call the elements of an array. */
  readonly elements?: string;
  /** What each element of an array, or each member of an object, must be. */
  readonly each?: Field;
  /** Members of an object that are checked with it, in order. */
  readonly fields?: readonly Field[];
  /** Where it is required, null is said to be missing, and not to be of a wrong type. */
  readonly nullIsMissing?: boolean;
};

/** A value that is refused, and the path where it stands. */
export type Refused = { readonly param: string; readonly field: Field; readonly value: unknown };

type Refuse = (refused: Refused) => never;

/** How a provider reads its requests, and how it words what it refuses; what has no words of its own is a wrong type. */
export type Wording = {
  /** The second name of a field; without it fields have one name. */
  readonly alias?: (name: string) => string;
  /** The integer that a value is; undefined when it is none. */
  readonly integerOf: (value: unknown) => number | undefined;
  readonly elementPath: (path: string, index: number) => string;
  readonly type: Refuse;
  readonly missing?: Refuse;
  /** Not one of those allowed. */
  readonly unknown?: Refuse;
  readonly tooSmall?: Refuse;
  readonly tooLarge?: Refuse;
  readonly pattern?: Refuse;
};

/** Makes the rows of tables, in the words of one provider. */
export function fieldsOf(wording: Wording) {
  const row = <Value>(name: string, kind: Kind, { parse, rules }: Described<Value>): Field<Value> => {
    const nests = kind === "object" && (rules.fields !== undefined || rules.each !== undefined);
    const alias = wording.alias?.(name);
    return { name, alias, kind, parse, required: false, mayBeAbsent: alias === undefined, nests, rules, wording };
  };
  return {
    string: (name: string, rules = noRules): Field<string> =>
      row(name, "string", { parse: stringWithin(rules), rules }),
    /** A string that is one of several. */
    word: <const Word extends string>(name: string, allowed: readonly Word[], rules = noRules): Field<Word> =>
      row(name, "string", { parse: oneOf(allowed), rules: { ...rules, allowed } }),
    boolean: (name: string): Field<boolean> => row(name, "boolean", { parse: booleanIn, rules: noRules }),
    integer: (name: string, rules = noRules): Field<number> =>
      row(name, "integer", { parse: numberWithin(rules, wording.integerOf), rules }),
    number: (name: string, rules = noRules): Field<number> =>
      row(name, "number", { parse: numberWithin(rules, numberIn), rules }),
    object: (name: string, rules = noRules): Field<JsonObject> => row(name, "object", { parse: objectIn, rules }),
    /** An array of anything. */
    array: (name: string, rules = noRules): Field<readonly unknown[]> =>
      row(name, "array", { parse: arrayWithin(rules), rules }),
    /** An array whose elements are what another row says. */
    list: <Element>(name: string, each: Field<Element>, rules = noRules): Field<readonly Element[]> =>
      row(name, "array", { parse: elementsOf(each, arrayWithin(rules)), rules: { ...rules, each } }),
    /** A value of one of several types, which `rules.called` names. */
    mixed: <Value>(name: string, parse: Parse<Value>, rules: Rules): Field<Value> =>
      row(name, "mixed", { parse, rules }),
  };
}

type Described<Value> = Pick<Field<Value>, "parse" | "rules">;

const noRules: Rules = {};

/** The row of a field that must be there. */
export function required<Value>(field: Field<Value>): RequiredField<Value> {
  return { ...field, required: true, mayBeAbsent: false };
}

function stringWithin({ min = 0, max = Infinity, pattern }: Rules): Parse<string> {
  return (value) => {
    if (typeof value !== "string" || value.length < min || value.length > max) return undefined;
    return pattern === undefined || pattern.test(value) ? value : undefined;
  };
}

function oneOf<Word extends string>(allowed: readonly Word[]): Parse<Word> {
  return (value) => {
    for (const word of allowed) if (word === value) return word;
    return undefined;
  };
}

function booleanIn(value: unknown): boolean | undefined {
  return typeof value === "boolean" ? value : undefined;
}

function numberIn(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function objectIn(value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}

function numberWithin({ min = -Infinity, max = Infinity }: Rules, parse: Parse<number>): Parse<number> {
  return (value) => {
    const number = parse(value);
    return number !== undefined && number >= min && number <= max ? number : undefined;
  };
}

function arrayWithin({ min = 0, max = Infinity }: Rules): Parse<readonly unknown[]> {
  return (value) => (Array.isArray(value) && value.length >= min && value.length <= max ? value : undefined);
}

function elementsOf<Element>(each: Field<Element>, listOf: Parse<readonly unknown[]>): Parse<readonly Element[]> {
  return (value) => {
    const list = listOf(value);
    if (list === undefined) return undefined;
    const elements: Element[] = [];
    for (const given of list) {
      const element = each.parse(given);
      if (element === undefined) return undefined;
      elements.push(element);
    }
    return elements;
  };
}

/** The path of a member. @param at path of the object that holds it, empty for the request itself */
export function pathOf(at: string, name: string): string {
  return at === "" ? name : `${at}.${name}`;
}

/**
 * Reads one field of an object; null stands for an absent one.
 *
 * @param at path of the object, empty for the request itself
 * @throws BODY_INVALID in the words of the field's provider
 */
export function read<Value>(object: JsonObject, field: RequiredField<Value>, at?: string): Value;
export function read<Value>(object: JsonObject, field: Field<Value>, at?: string): Value | undefined;
export function read<Value>(object: JsonObject, field: Field<Value>, at = ""): Value | undefined {
  const value = object[field.name];
  if (value === undefined) return field.mayBeAbsent ? undefined : readFurther(object, field, at);
  const parsed = field.parse(value);
  return parsed === undefined || field.nests ? readFurther(object, field, at) : parsed;
}

/** Checks fields in the order of a table, and what is in them. @throws BODY_INVALID for the first that is refused */
export function check(object: JsonObject, fields: readonly Field[], at = ""): void {
  for (const field of fields) read(object, field, at);
}

/** Reads what is not done with a look: a second name, null, what is nested, and what is refused. */
function readFurther<Value>(object: JsonObject, field: Field<Value>, at: string): Value | undefined {
  const { name, alias, required, nests, rules } = field;
  const value = alias === undefined ? object[name] : (object[name] ?? object[alias]);
  if (value === undefined || value === null) return required ? refuseAbsent(value, field, at) : undefined;
  const parsed = field.parse(value);
  if (parsed === undefined) return refuseValue({ param: paramOf(field, at), field, value });
  if (nests && isObject(value)) checkNested(value, rules, paramOf(field, at));
  return parsed;
}

function checkNested(object: JsonObject, { fields = [], each }: Rules, at: string): void {
  check(object, fields, at);
  if (each === undefined) return;
  for (const name of Object.keys(object)) {
    const value = object[name];
    if (each.parse(value) === undefined) refuseValue({ param: pathOf(at, name), field: each, value });
  }
}

function paramOf({ alias, name }: Field, at: string): string {
  return pathOf(at, alias ?? name);
}

function refuseAbsent(value: unknown, field: Field, at: string): never {
  const { wording, rules } = field;
  const isMissing = value === undefined || rules.nullIsMissing === true;
  return (isMissing ? (wording.missing ?? wording.type) : wording.type)({ param: paramOf(field, at), field, value });
}

/** Finds out which rule a value breaks that a field did not take. */
function refuseValue(refused: Refused): never {
  const { field, value } = refused;
  const { wording, rules, kind } = field;
  const { min = -Infinity, max = Infinity, pattern, allowed } = rules;
  const size = sizeOf(value, field);
  if (!isOfKind(value, kind, size)) return wording.type(refused);
  if (size !== undefined && size < min) return (wording.tooSmall ?? wording.type)(refused);
  if (size !== undefined && size > max) return (wording.tooLarge ?? wording.type)(refused);
  if (allowed !== undefined) return (wording.unknown ?? wording.type)(refused);
  if (pattern !== undefined) return (wording.pattern ?? wording.type)(refused);
  if (Array.isArray(value) && rules.each !== undefined) refuseElement(value, rules.each, refused);
  return wording.type(refused);
}

/** What of a value is within a range. */
function sizeOf(value: unknown, { kind, wording }: Field): number | undefined {
  if (kind === "integer") return wording.integerOf(value);
  if (typeof value === "number") return value;
  return typeof value === "string" || Array.isArray(value) ? value.length : undefined;
}

function isOfKind(value: unknown, kind: Kind, size: number | undefined): boolean {
  if (kind === "mixed") return false;
  if (kind === "integer") return size !== undefined;
  if (kind === "array") return Array.isArray(value);
  return kind === "object" ? isObject(value) : typeof value === kind;
}

function refuseElement(list: readonly unknown[], each: Field, { param, field }: Refused): void {
  for (const [index, value] of list.entries()) {
    if (each.parse(value) !== undefined) continue;
    refuseValue({ param: field.wording.elementPath(param, index), field: each, value });
  }
}
