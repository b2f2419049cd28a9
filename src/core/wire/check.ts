import { StuntdoubleError } from "../errors.ts";
import { isObject, type JsonObject } from "./json-body.ts";

/** Refuses a field as the provider does. @param param the path of the field, as in `messages[0].role` */
export function refuse(param: string, problem: string): never {
  throw new StuntdoubleError("BODY_INVALID", problem, { param });
}

/** How a value is called in messages to people. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  if (Number.isInteger(value)) return "an integer";
  if (typeof value === "number") return "a decimal number";
  return `a ${typeof value}`;
}

function wrongType(param: string, wanted: string, value: unknown): never {
  return refuse(param, `Invalid type for '${param}': expected ${wanted}, but got ${kindOf(value)} instead.`);
}

export function requiredString(object: JsonObject, param: string): string {
  const value = object[param];
  if (value === undefined) return refuse(param, `Missing required parameter: '${param}'.`);
  if (typeof value !== "string") return wrongType(param, "a string", value);
  if (value === "") return refuse(param, `Invalid '${param}': it must not be empty.`);
  return value;
}

export function optionalBoolean(object: JsonObject, param: string): boolean | undefined {
  const value = object[param];
  if (value === undefined || value === null) return undefined;
  return typeof value === "boolean" ? value : wrongType(param, "a boolean", value);
}

export function optionalInteger(object: JsonObject, param: string, least: number, most: number): number | undefined {
  const value = object[param];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value)) return wrongType(param, "an integer", value);
  return inRange(param, value, least, most);
}

export function optionalNumber(object: JsonObject, param: string, least: number, most: number): number | undefined {
  const value = object[param];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number") return wrongType(param, "a number", value);
  return inRange(param, value, least, most);
}

function inRange(param: string, value: number, least: number, most: number): number {
  if (value < least) return refuse(param, `Invalid '${param}': ${value} is below the minimum of ${least}.`);
  if (value > most) return refuse(param, `Invalid '${param}': ${value} is above the maximum of ${most}.`);
  return value;
}

export function optionalObject(object: JsonObject, param: string): JsonObject | undefined {
  const value = object[param];
  if (value === undefined || value === null) return undefined;
  return isObject(value) ? value : wrongType(param, "an object", value);
}

export function requiredArray(object: JsonObject, param: string, of: string): readonly unknown[] {
  const value = object[param];
  if (value === undefined) return refuse(param, `Missing required parameter: '${param}'.`);
  if (!Array.isArray(value)) return wrongType(param, `an array of ${of}`, value);
  if (value.length === 0) return refuse(param, `Invalid '${param}': the array is empty, at least one of ${of} is needed.`);
  return value;
}

/** `stop`: a text or up to four of them. */
export function checkStop(object: JsonObject): void {
  const { stop } = object;
  if (stop === undefined || stop === null || typeof stop === "string") return;
  if (!Array.isArray(stop) || !stop.every((each) => typeof each === "string")) {
    return wrongType("stop", "a string or an array of strings", stop);
  }
  if (stop.length > 4) refuse("stop", `Invalid 'stop': at most 4 sequences are allowed, got ${stop.length}.`);
}

/** `stream` and its options. */
export function readStreaming(object: JsonObject): { stream: boolean; includeUsage: boolean } {
  const stream = optionalBoolean(object, "stream") ?? false;
  const options = optionalObject(object, "stream_options");
  if (options === undefined) return { stream, includeUsage: false };
  if (!stream) refuse("stream_options", "The 'stream_options' parameter is only allowed when 'stream' is enabled.");
  return { stream, includeUsage: optionalBoolean(options, "include_usage") ?? false };
}

export { wrongType };
