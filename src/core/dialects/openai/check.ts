import { StuntdoubleError } from "../../errors.ts";
import { isObject, type JsonObject } from "../shared/json-body.ts";

/**
 * Refuses a field as the provider does.
 *
 * @param param path of the field, as in `messages[0].role`
 * @param detail the provider's `code`
 * @throws BODY_INVALID always
 */
export function refuse(param: string, detail: string, problem: string): never {
  throw new StuntdoubleError("BODY_INVALID", problem, { param, detail });
}

/** Refuses a field that is not there. */
export function refuseMissing(param: string): never {
  return refuse(param, "missing_required_parameter", `Missing required parameter: '${param}'.`);
}

/** Refuses a field of the wrong JSON type; `wanted` as in `a string`. */
export function refuseType(param: string, wanted: string, value: unknown): never {
  return refuse(
    param,
    "invalid_type",
    `Invalid type for '${param}': expected ${wanted}, but got ${kindOf(value)} instead.`,
  );
}

/** Refuses a text that is none of those allowed. */
export function refuseValue(param: string, allowed: readonly string[], value: string): never {
  const shown = value.length > 64 ? `${value.slice(0, 64)}…` : value;
  const list = allowed.map((each) => `'${each}'`).join(", ");
  return refuse(param, "invalid_value", `Invalid value: '${shown}'. Supported values of '${param}' are: ${list}.`);
}

/** Refuses an array without elements; `of` as in `strings`. */
export function refuseEmpty(param: string, of: string): never {
  return refuse(
    param,
    "empty_array",
    `Invalid '${param}': the array is empty, and at least one of the ${of} is needed.`,
  );
}

/** Refuses an array with too many elements. */
export function refuseLong(param: string, most: number, length: number): never {
  return refuse(
    param,
    "array_above_max_length",
    `Invalid '${param}': at most ${most} elements are allowed, got ${length}.`,
  );
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return value.length === 0 ? "an empty array" : "an array";
  if (typeof value === "object") return "an object";
  if (value === "") return "an empty string";
  if (Number.isInteger(value)) return "an integer";
  return typeof value === "number" ? "a decimal number" : `a ${typeof value}`;
}

/** Names of models are echoed in each chunk of an answer, so they have a limit. */
const maxModelChars = 256;

/** The model asked for, which every operation needs. @param elsewhere the one named outside of the body */
export function readModel(body: JsonObject, elsewhere?: string): string {
  const { model = elsewhere } = body;
  if (model === undefined) return refuseMissing("model");
  if (typeof model !== "string" || model === "") return refuseType("model", "the name of a model", model);
  if (model.length <= maxModelChars) return model;
  return refuse(
    "model",
    "string_above_max_length",
    `Invalid 'model': at most ${maxModelChars} characters are allowed, got ${model.length}.`,
  );
}

/** A field that may be absent or null. */
export function optionalOf(object: JsonObject, name: string): unknown {
  return object[name] ?? undefined;
}

/** Reads `true`, `false` or nothing; `path` stands before its name in messages. */
export function readBoolean(object: JsonObject, name: string, path = ""): boolean | undefined {
  const value = optionalOf(object, name);
  return value === undefined || typeof value === "boolean" ? value : refuseType(path + name, "a boolean", value);
}

/** Reads a text that is one of several, or nothing. */
export function readWord<Word extends string>(
  object: JsonObject,
  name: string,
  words: readonly Word[],
  path = "",
): Word | undefined {
  const value = optionalOf(object, name);
  if (value === undefined) return undefined;
  if (typeof value !== "string") return refuseType(path + name, "a string", value);
  return words.find((word) => word === value) ?? refuseValue(path + name, words, value);
}

/** Checks that a field is a text, if it is there. */
export function checkText(object: JsonObject, name: string): void {
  readText(object, name);
}

/** Reads a text or nothing. */
export function readText(object: JsonObject, name: string, path = ""): string | undefined {
  const value = optionalOf(object, name);
  return value === undefined || typeof value === "string" ? value : refuseType(path + name, "a string", value);
}

/** Reads an array or nothing. */
export function readArray(object: JsonObject, name: string, path = ""): readonly unknown[] | undefined {
  const value = optionalOf(object, name);
  return value === undefined || Array.isArray(value) ? value : refuseType(path + name, "an array", value);
}

/** Reads an object or nothing. */
export function readObject(object: JsonObject, name: string): JsonObject | undefined {
  const value = optionalOf(object, name);
  return value === undefined || isObject(value) ? value : refuseType(name, "an object", value);
}

/** Reads a whole number within a range, or nothing. */
export function readInteger(object: JsonObject, name: string, least: number, most: number): number | undefined {
  const value = optionalOf(object, name);
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value)) return refuseType(name, "an integer", value);
  return within(name, "integer", value, { least, most });
}

/** Reads a number within a range, or nothing. */
export function readNumber(object: JsonObject, name: string, least: number, most: number): number | undefined {
  const value = optionalOf(object, name);
  if (value === undefined) return undefined;
  if (typeof value !== "number") return refuseType(name, "a decimal number", value);
  return within(name, "decimal", value, { least, most });
}

function within(
  name: string,
  kind: "integer" | "decimal",
  value: number,
  { least, most }: { least: number; most: number },
): number {
  if (value < least) {
    return refuse(
      name,
      `${kind}_below_min_value`,
      `Invalid '${name}': expected a value of at least ${least}, but got ${value} instead.`,
    );
  }
  if (value > most) {
    return refuse(
      name,
      `${kind}_above_max_value`,
      `Invalid '${name}': expected a value of at most ${most}, but got ${value} instead.`,
    );
  }
  return value;
}

/** Checks the settings that all text operations share and that do not change a simulated answer. */
export function checkSampling(body: JsonObject): void {
  readNumber(body, "temperature", 0, 2);
  readNumber(body, "top_p", 0, 1);
  readNumber(body, "presence_penalty", -2, 2);
  readNumber(body, "frequency_penalty", -2, 2);
  readObject(body, "logit_bias");
  checkText(body, "user");
}

/** More choices than this the provider never gives. */
export const maxChoices = 128;
const maxStops = 4;

/** The texts at which an answer stops; often none. */
export function readStop(body: JsonObject): readonly string[] {
  const stop = optionalOf(body, "stop");
  if (stop === undefined || stop === "") return [];
  if (typeof stop === "string") return [stop];
  if (!Array.isArray(stop)) return refuseType("stop", "a string or an array of strings", stop);
  const texts: readonly unknown[] = stop;
  if (texts.length === 0) return refuseEmpty("stop", "strings");
  if (texts.length > maxStops) return refuseLong("stop", maxStops, texts.length);
  return texts
    .map((text, index) => (typeof text === "string" ? text : refuseType(`stop[${index}]`, "a string", text)))
    .filter((text) => text !== "");
}

/** The provider's seeds are 64-bit integers. */
const maxSeed = 2 ** 63;

/** The seed that makes an answer repeatable. */
export function readSeed(body: JsonObject): number | undefined {
  return readInteger(body, "seed", -maxSeed, maxSeed);
}

/**
 * The service tier that the answer tells: the one asked for; where it is left to the provider the default one.
 *
 * @see the OpenAI document, ServiceTier: `fast` is told as `priority`
 */
export function readServiceTier(body: JsonObject, tiers: readonly string[]): string {
  const tier = readWord(body, "service_tier", tiers) ?? "auto";
  if (tier === "auto") return "default";
  return tier === "fast" ? "priority" : tier;
}

/** How an answer shall be streamed. */
export type Streaming = {
  readonly stream: boolean;
  /** A last chunk tells the usage. */
  readonly includeUsage: boolean;
  /** Chunks are levelled in size by random characters. */
  readonly obfuscate: boolean;
};

/** Reads `stream` and its options. */
export function readStreaming(body: JsonObject): Streaming {
  const stream = readBoolean(body, "stream") ?? false;
  const options = readObject(body, "stream_options");
  if (options === undefined) return { stream, includeUsage: false, obfuscate: true };
  if (!stream)
    refuse("stream_options", "invalid_value", "The parameter 'stream_options' is only allowed when 'stream' is true.");
  return {
    stream,
    includeUsage: readBoolean(options, "include_usage", "stream_options.") ?? false,
    obfuscate: readBoolean(options, "include_obfuscation", "stream_options.") ?? true,
  };
}
