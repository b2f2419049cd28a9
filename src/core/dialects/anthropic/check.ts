import { StuntdoubleError } from "../../errors.ts";
import { fieldsOf, pathOf, read, required, type Kind, type Refused } from "../shared/fields.ts";
import { isObject, type JsonObject } from "../shared/json-body.ts";

/**
 * Refuses a field as the provider does: its path with dots, and what is wrong.
 *
 * @param path as in `messages.0.role`
 * @throws BODY_INVALID always
 */
export function refuseField(path: string, problem: string): never {
  throw new StuntdoubleError("BODY_INVALID", `${path}: ${problem}`, { param: path });
}

/** Refuses a request for something that no single field's own check finds. */
export function refuseRequest(problem: string, param?: string): never {
  throw new StuntdoubleError("BODY_INVALID", problem, param === undefined ? {} : { param });
}

/** A value that must be an object, at its path. */
export function asObject(value: unknown, path: string): JsonObject {
  return isObject(value) ? value : refuseInput(path, kinds.object);
}

function refuseInput(path: string, wanted: string): never {
  return refuseField(path, `Input should be ${wanted}`);
}

const kinds: Readonly<Record<Kind, string>> = {
  string: "a valid string",
  integer: "a valid integer",
  number: "a valid number",
  boolean: "a valid boolean",
  array: "a valid list",
  object: "an object",
  mixed: "a valid string or list",
};

/** Rows of tables of the provider's fields; `called` is what follows `Input should be`. */
export const field = fieldsOf({
  integerOf: (value) => (typeof value === "number" && Number.isSafeInteger(value) ? value : undefined),
  elementPath: (path, index) => pathOf(path, String(index)),
  missing: ({ param }) => refuseField(param, "Field required"),
  type({ param, field: { kind, required, rules } }) {
    // A choice that may be left out is a literal to the provider, and a value of another type none of it.
    const isLiteral = rules.allowed !== undefined && !required;
    return refuseInput(param, isLiteral ? oneOf(rules.allowed) : (rules.called ?? kinds[kind]));
  },
  unknown: ({ param, field: { rules } }) => refuseInput(param, oneOf(rules.allowed ?? [])),
  tooSmall: (refused) =>
    refuseSize(
      refused,
      `at least ${refused.field.rules.min} character`,
      `greater than or equal to ${refused.field.rules.min}`,
    ),
  tooLarge: (refused) =>
    refuseSize(
      refused,
      `at most ${refused.field.rules.max} characters`,
      `less than or equal to ${refused.field.rules.max}`,
    ),
  pattern: ({ param, field: { rules } }) =>
    refuseField(param, `String should match pattern '${rules.pattern?.source}'`),
});

function refuseSize({ param, value }: Refused, chars: string, limit: string): never {
  return typeof value === "string" ? refuseField(param, `String should have ${chars}`) : refuseInput(param, limit);
}

const type = required(field.string("type"));

/**
 * The `type` of an object that may be one of several kinds.
 *
 * @param tags the kinds there are
 */
export function readTag<const Tag extends string>(object: JsonObject, tags: readonly Tag[], path: string): Tag {
  const tag = read(object, type, path);
  for (const known of tags) if (known === tag) return known;
  const list = tags.map((each) => `'${each}'`).join(", ");
  return refuseField(
    path,
    `Input tag '${shown(tag)}' found using 'type' does not match any of the expected tags: ${list}`,
  );
}

/** A caller's text as it may stand in a message. */
export function shown(text: string): string {
  return text.length > 64 ? `${text.slice(0, 64)}…` : text;
}

function oneOf(allowed: readonly string[]): string {
  const quoted = allowed.map((each) => `'${each}'`);
  const [last = "", ...others] = quoted.toReversed();
  return others.length === 0 ? last : `${others.toReversed().join(", ")} or ${last}`;
}
