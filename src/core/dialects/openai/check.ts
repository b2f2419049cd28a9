import { StuntdoubleError } from "../../errors.ts";
import { check, fieldsOf, read, required, type Kind, type Refused } from "../shared/fields.ts";
import { isObject, type JsonObject } from "../shared/json-body.ts";
import type { AskSettings } from "../types.ts";

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

/** Whether a request is judged as strictly as the provider itself does. */
export function isStrict({ fidelity, compatible }: AskSettings): boolean {
  return fidelity !== "lenient" && compatible !== true;
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

/** A value that must be an object, at its path. */
export function asObject(value: unknown, path: string): JsonObject {
  return isObject(value) ? value : refuseType(path, "an object", value);
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
export function refuseLong(param: string, max: number, length: number): never {
  return refuse(
    param,
    "array_above_max_length",
    `Invalid '${param}': at most ${max} elements are allowed, got ${length}.`,
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

const kinds: Readonly<Record<Kind, string>> = {
  string: "a string",
  integer: "an integer",
  number: "a decimal number",
  boolean: "a boolean",
  array: "an array",
  object: "an object",
  mixed: "another type",
};

/** Rows of tables of the provider's fields. */
export const field = fieldsOf({
  integerOf: (value) => (typeof value === "number" && Number.isInteger(value) ? value : undefined),
  elementPath: (path, index) => `${path}[${index}]`,
  missing: ({ param }) => refuseMissing(param),
  type: refuseKind,
  unknown: ({ param, field: { rules }, value }) => refuseValue(param, rules.allowed ?? [], String(value)),
  tooSmall(refused) {
    const { param, field, value } = refused;
    if (Array.isArray(value)) return refuseEmpty(param, field.rules.elements ?? "elements");
    return typeof value === "string"
      ? refuseKind(refused)
      : refuseNumber(refused, "below_min", `least ${field.rules.min}`);
  },
  tooLarge(refused) {
    const { param, field, value } = refused;
    const { max = Infinity } = field.rules;
    if (Array.isArray(value)) return refuseLong(param, max, value.length);
    if (typeof value !== "string") return refuseNumber(refused, "above_max", `most ${max}`);
    return refuse(
      param,
      "string_above_max_length",
      `Invalid '${param}': at most ${max} characters are allowed, got ${value.length}.`,
    );
  },
  pattern: ({ param, field: { rules } }) =>
    refuse(
      param,
      "invalid_value",
      `Invalid '${param}': string does not match pattern. Expected a string that matches the pattern '${rules.pattern?.source}'.`,
    ),
});

function refuseKind({ param, field, value }: Refused): never {
  return refuseType(param, field.rules.called ?? kinds[field.kind], value);
}

function refuseNumber({ param, field, value }: Refused, side: string, limit: string): never {
  const kind = field.kind === "integer" ? "integer" : "decimal";
  const problem = `Invalid '${param}': expected a value of at ${limit}, but got ${String(value)} instead.`;
  return refuse(param, `${kind}_${side}_value`, problem);
}

/** Names of models are echoed in each chunk of a response, so they have a limit. */
const model = required(field.string("model", { called: "the name of a model", min: 1, max: 256 }));

/** The model asked for, which every operation needs. @param elsewhere the one named outside of the body, where that names none */
export function readModel(body: JsonObject, elsewhere?: string): string {
  const isElsewhere = elsewhere !== undefined && (body["model"] ?? undefined) === undefined;
  return read(isElsewhere ? { model: elsewhere } : body, model);
}

/** Settings that all text operations share and that do not change a simulated response. */
const sampling = [
  field.number("temperature", { min: 0, max: 2 }),
  field.number("top_p", { min: 0, max: 1 }),
  field.number("presence_penalty", { min: -2, max: 2 }),
  field.number("frequency_penalty", { min: -2, max: 2 }),
  field.object("logit_bias"),
  field.string("user"),
];

/** Checks the settings that all text operations share and that do not change a simulated response. */
export function checkSampling(body: JsonObject): void {
  check(body, sampling);
}

/** More choices than this the provider never gives. */
export const maxChoices = 128;

const stops = field.list("stop", field.string("stop"), {
  called: "a string or an array of strings",
  elements: "strings",
  min: 1,
  max: 4,
});
const noStops: readonly string[] = [];

/** The texts at which a response stops; often none. */
export function readStop(body: JsonObject): readonly string[] {
  const { stop } = body;
  if (typeof stop === "string") return stop === "" ? noStops : [stop];
  return read(body, stops)?.filter((text) => text !== "") ?? noStops;
}

/** The provider's seeds are 64-bit integers. */
const maxSeed = 2 ** 63;

/** The seed that makes a response repeatable. */
export const seed = field.integer("seed", { min: -maxSeed, max: maxSeed });

/**
 * The service tier that the response tells: the one asked for; where it is left to the provider the default one.
 *
 * @see the OpenAI document, ServiceTier: `fast` is told as `priority`
 */
export function tierTold(asked = "auto"): string {
  if (asked === "auto") return "default";
  return asked === "fast" ? "priority" : asked;
}

/** How a response shall be streamed. */
export type Streaming = {
  readonly stream: boolean;
  /** A last chunk tells the usage. */
  readonly includeUsage: boolean;
  /** Chunks are levelled in size by random characters. */
  readonly obfuscate: boolean;
};

/** Rows for how a response shall be streamed. */
export const streaming = {
  stream: field.boolean("stream"),
  options: field.object("stream_options"),
  includeUsage: field.boolean("include_usage"),
  obfuscate: field.boolean("include_obfuscation"),
};

/** Reads `stream` and its options. */
export function readStreaming(body: JsonObject): Streaming {
  const stream = read(body, streaming.stream) ?? false;
  const options = readStreamOptions(body, stream);
  if (options === undefined) return { stream, includeUsage: false, obfuscate: true };
  return {
    stream,
    includeUsage: read(options, streaming.includeUsage, "stream_options") ?? false,
    obfuscate: read(options, streaming.obfuscate, "stream_options") ?? true,
  };
}

/** Reads the options of a stream, which only a stream may have. */
export function readStreamOptions(body: JsonObject, stream: boolean): JsonObject | undefined {
  const options = read(body, streaming.options);
  if (options === undefined || stream) return options;
  const problem = "The parameter 'stream_options' is only allowed when 'stream' is true.";
  return refuse("stream_options", "invalid_value", problem);
}
