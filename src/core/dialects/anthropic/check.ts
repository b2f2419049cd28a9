import { StuntdoubleError } from "../../errors.ts";
import { isObject, type JsonObject } from "../shared/json-body.ts";

/** A range of numbers, ends included. */
export type Range = { readonly least: number; readonly most?: number };

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

/** The value of a member; null stands for an absent one. */
function optional(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? (object[name] ?? undefined) : undefined;
}

/** The value of a member that must be there. */
export function required(object: JsonObject, name: string, path: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : refuseField(path, "Field required");
}

/** A text that must be there. */
export function requiredText(object: JsonObject, name: string, path: string): string {
  const value = required(object, name, path);
  return typeof value === "string" ? value : refuseField(path, "Input should be a valid string");
}

/** A text that is not empty and must be there. */
export function requiredName(object: JsonObject, name: string, path: string): string {
  const value = requiredText(object, name, path);
  return value === "" ? refuseField(path, "String should have at least 1 character") : value;
}

/** An object that must be there. */
export function requiredObject(object: JsonObject, name: string, path: string): JsonObject {
  return asObject(required(object, name, path), path);
}

/** A value that must be an object. */
export function asObject(value: unknown, path: string): JsonObject {
  return isObject(value) ? value : refuseField(path, "Input should be an object");
}

/** A text or nothing. */
export function optionalText(object: JsonObject, name: string, path = name): string | undefined {
  const value = optional(object, name);
  return value === undefined || typeof value === "string" ? value : refuseField(path, "Input should be a valid string");
}

/** True, false or nothing. */
export function optionalBoolean(object: JsonObject, name: string, path = name): boolean | undefined {
  const value = optional(object, name);
  return value === undefined || typeof value === "boolean"
    ? value
    : refuseField(path, "Input should be a valid boolean");
}

/** An object or nothing. */
export function optionalObject(object: JsonObject, name: string, path = name): JsonObject | undefined {
  const value = optional(object, name);
  return value === undefined ? undefined : asObject(value, path);
}

/** An array or nothing. */
export function optionalList(object: JsonObject, name: string, path = name): readonly unknown[] | undefined {
  const value = optional(object, name);
  return value === undefined || Array.isArray(value) ? value : refuseField(path, "Input should be a valid list");
}

/** One of some texts that must be there. */
export function requiredChoice(object: JsonObject, name: string, allowed: readonly string[], path: string): string {
  const value = requiredText(object, name, path);
  return allowed.includes(value) ? value : refuseField(path, `Input should be ${oneOf(allowed)}`);
}

/** One of some texts, or nothing. */
export function optionalChoice(
  object: JsonObject,
  name: string,
  allowed: readonly string[],
  path = name,
): string | undefined {
  const value = optional(object, name);
  if (value === undefined) return undefined;
  return typeof value === "string" && allowed.includes(value)
    ? value
    : refuseField(path, `Input should be ${oneOf(allowed)}`);
}

/** A number within a range, or nothing. */
export function optionalNumber(object: JsonObject, name: string, range: Range): number | undefined {
  const value = optional(object, name);
  if (value === undefined) return undefined;
  return typeof value === "number" ? within(value, name, range) : refuseField(name, "Input should be a valid number");
}

/** A whole number within a range that must be there. */
export function requiredInteger(object: JsonObject, name: string, range: Range, path = name): number {
  return asInteger(required(object, name, path), range, path);
}

/** A whole number within a range, or nothing. */
export function optionalInteger(object: JsonObject, name: string, range: Range): number | undefined {
  const value = optional(object, name);
  return value === undefined ? undefined : asInteger(value, range, name);
}

function asInteger(value: unknown, range: Range, path: string): number {
  return typeof value === "number" && Number.isSafeInteger(value)
    ? within(value, path, range)
    : refuseField(path, "Input should be a valid integer");
}

function within(value: number, path: string, { least, most = Infinity }: Range): number {
  if (value < least) return refuseField(path, `Input should be greater than or equal to ${least}`);
  return value > most ? refuseField(path, `Input should be less than or equal to ${most}`) : value;
}

/**
 * The `type` of an object that may be one of several kinds.
 *
 * @param allowed the kinds there are
 */
export function readTag(object: JsonObject, allowed: readonly string[], path: string): string {
  const type = requiredText(object, "type", `${path}.type`);
  if (allowed.includes(type)) return type;
  const tags = allowed.map((each) => `'${each}'`).join(", ");
  return refuseField(
    path,
    `Input tag '${shown(type)}' found using 'type' does not match any of the expected tags: ${tags}`,
  );
}

/** A caller's text as it may stand in a message. */
export function shown(text: string): string {
  return text.length > 64 ? `${text.slice(0, 64)}…` : text;
}

function oneOf(allowed: readonly string[]): string {
  const quoted = allowed.map((each) => `'${each}'`);
  const last = quoted.at(-1)!;
  return quoted.length === 1 ? last : `${quoted.slice(0, -1).join(", ")} or ${last}`;
}
