import { StuntdoubleError } from "../../errors.ts";
import { isObject, type JsonObject } from "../shared/json-body.ts";

/** Refuses a request. @throws BODY_INVALID always */
export function refuse(param: string, message: string): never {
  throw new StuntdoubleError("BODY_INVALID", message, { param });
}

/** Refuses a value of the wrong type as the server's JSON decoder does; `goType` as in `string`. */
function refuseType(param: string, goType: string, value: unknown): never {
  return refuse(param, `json: cannot unmarshal ${kindOf(value)} into Go struct field ${param} of type ${goType}`);
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}

/** The name of the model, which every request needs. */
export function readModel(body: JsonObject): string {
  const model = readText(body, "model") || readText(body, "name") || "";
  if (model === "") refuse("model", "model is required");
  return model.length <= maxModelLength ? model : refuse("model", "invalid model name");
}

/** Names of models are echoed in each line of an answer, so they have a limit. */
const maxModelLength = 256;

/** Reads a text, or nothing. @param path stands before its name in messages */
export function readText(object: JsonObject, name: string, path = ""): string | undefined {
  const value = object[name] ?? undefined;
  return value === undefined || typeof value === "string" ? value : refuseType(path + name, "string", value);
}

/** Reads `true`, `false` or nothing. */
export function readFlag(object: JsonObject, name: string): boolean | undefined {
  const value = object[name] ?? undefined;
  return value === undefined || typeof value === "boolean" ? value : refuseType(name, "bool", value);
}

/** Reads a list; empty when the field is absent. */
export function readList(object: JsonObject, name: string, goType: string, path = ""): readonly unknown[] {
  const value = object[name] ?? [];
  return Array.isArray(value) ? value : refuseType(path + name, goType, value);
}

/** Reads an object, or nothing. */
function readObject(object: JsonObject, name: string, goType: string): JsonObject | undefined {
  const value = object[name] ?? undefined;
  return value === undefined || isObject(value) ? value : refuseType(name, goType, value);
}

const base64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Checks that the images of a request or message are texts in base64, and says how many there are. */
export function checkImages(object: JsonObject, path = ""): number {
  const images = readList(object, "images", "[]api.ImageData", path);
  for (const image of images) {
    if (typeof image !== "string") refuseType(`${path}images`, "[]uint8", image);
    if (!base64.test(image)) refuse(`${path}images`, "illegal base64 data at input byte 0");
  }
  return images.length;
}

/** What the options of a request say about its answer. */
export type Options = {
  readonly maxTokens: number | undefined;
  readonly stops: readonly string[];
  readonly seed: number | undefined;
};

const integers = ["num_ctx", "num_keep", "top_k", "repeat_last_n", "num_batch", "num_gpu", "num_thread"];
const floats = [
  "temperature",
  "top_p",
  "min_p",
  "typical_p",
  "repeat_penalty",
  "presence_penalty",
  "frequency_penalty",
];

/**
 * Reads and checks the options; unknown ones are passed over, as the server does.
 *
 * @returns no `maxTokens` for a `num_predict` of 0 or below, which means no limit
 */
export function readOptions(body: JsonObject): Options {
  const options = readObject(body, "options", "map[string]interface {}") ?? {};
  for (const name of integers) readOption(options, name, "integer");
  for (const name of floats) readOption(options, name, "float32");
  const limit = readOption(options, "num_predict", "integer");
  return {
    maxTokens: limit === undefined || limit <= 0 ? undefined : limit,
    stops: readStops(options),
    seed: readOption(options, "seed", "integer"),
  };
}

function readOption(options: JsonObject, name: string, type: "integer" | "float32"): number | undefined {
  const value = options[name] ?? undefined;
  if (value === undefined) return undefined;
  const right = typeof value === "number" && (type === "float32" || Number.isInteger(value));
  return right ? value : refuse(`options.${name}`, `option "${name}" must be of type ${type}`);
}

function readStops(options: JsonObject): readonly string[] {
  const stop = options["stop"] ?? [];
  if (!Array.isArray(stop)) return refuse("options.stop", `option "stop" must be of type array`);
  return stop.map((text: unknown) =>
    typeof text === "string" ? text : refuse("options.stop", `option "stop" must be of an array of strings`),
  );
}

const efforts = new Map<unknown, number>([
  [true, 0.5],
  ["low", 0.25],
  ["medium", 0.5],
  ["high", 0.7],
]);

/** The share of an answer that is thought: an estimate by effort; 0 when the caller does not ask to think. */
export function readThinking(body: JsonObject): number {
  const think = body["think"] ?? false;
  if (think === false) return 0;
  const share = efforts.get(think);
  return share ?? refuse("think", `invalid think value: must be true, false, "high", "medium" or "low"`);
}

/** What the text must be: any JSON, an instance of a schema, or free. */
export function readFormat(body: JsonObject): "object" | { readonly schema: unknown } | undefined {
  const format = body["format"] ?? "";
  if (format === "") return undefined;
  if (format === "json") return "object";
  return isObject(format)
    ? { schema: format }
    : refuse("format", `invalid format; expected "json" or a valid JSON Schema object`);
}
