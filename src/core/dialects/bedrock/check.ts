import { StuntdoubleError } from "../../errors.ts";
import { fieldsOf, type Refused } from "../shared/fields.ts";
import { isObject, type JsonObject } from "../shared/json-body.ts";

/**
 * Refuses a request with a ValidationException.
 *
 * @throws BODY_INVALID always
 */
export function refuse(message: string): never {
  throw new StuntdoubleError("BODY_INVALID", message);
}

/** Refuses what the service lets through, and the model does not take. */
export function refuseByModel(message: string): never {
  return refuse(`The model returned the following errors: ${message}`);
}

/** Refuses a value that the service's model of its API does not allow. */
function refuseConstraint({ param, value }: Refused, constraint: string): never {
  const message = `1 validation error detected: Value ${shown(value)} at '${param}' failed to satisfy constraint: Member must ${constraint}`;
  throw new StuntdoubleError("BODY_INVALID", message, { param });
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return "null";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return `'${text.length > 64 ? `${text.slice(0, 64)}…` : text}'`;
}

const wrongKinds: Readonly<Record<string, string>> = {
  string: "STRING_VALUE",
  number: "NUMBER_VALUE",
  boolean: "TRUE_VALUE",
};

/** Refuses JSON of another type, which the service cannot read at all. */
function refuseType(param: string, wanted: string, value: unknown): never {
  const kind = wrongKinds[typeof value];
  const message =
    kind === undefined
      ? `Start of ${Array.isArray(value) ? "list" : "structure or map"} found where not expected.`
      : `${kind} can not be converted to ${wanted}`;
  throw new StuntdoubleError("BODY_INVALID", message, { param, detail: "SerializationException" });
}

/** Rows of tables of the API's fields. */
export const field = fieldsOf({
  integerOf: (value) => (typeof value === "number" && Number.isSafeInteger(value) ? value : undefined),
  elementPath: (path, index) => at(path, index),
  missing: (refused) => refuseConstraint(refused, "not be null"),
  type: ({ param, field: { kind, rules }, value }) => refuseType(param, rules.called ?? names[kind] ?? kind, value),
  unknown: (refused) =>
    refuseConstraint(refused, `satisfy enum value set: [${(refused.field.rules.allowed ?? []).join(", ")}]`),
  tooSmall: (refused) => refuseSize(refused, "greater", refused.field.rules.min),
  tooLarge: (refused) => refuseSize(refused, "less", refused.field.rules.max),
  pattern: (refused) =>
    refuseConstraint(refused, `satisfy regular expression pattern: ${unanchored(refused.field.rules.pattern)}`),
});

const names: Readonly<Record<string, string>> = {
  string: "a String",
  integer: "Integer",
  number: "Float",
  boolean: "Boolean",
  array: "a List",
  object: "a Map",
};

function refuseSize(refused: Refused, side: "greater" | "less", limit: number | undefined): never {
  const what = typeof refused.value === "number" ? "value" : "length";
  return refuseConstraint(refused, `have ${what} ${side} than or equal to ${limit}`);
}

/** The service tells patterns without what ties them to the ends of a value. */
function unanchored(pattern: RegExp | undefined): string {
  return pattern?.source.replace(/^\^|\$$/g, "") ?? "";
}

/** The path of an element of a list, which the service counts from 1. */
export function at(path: string, index: number): string {
  return `${path}.${index + 1}.member`;
}

/** A value that must be an object, at its path. */
export function asObject(value: unknown, path: string): JsonObject {
  return isObject(value) ? value : refuseType(path, "a Map", value);
}
