import { StuntdoubleError } from "../../errors.ts";
import { check, fieldsOf, pathOf, read, type Kind } from "../shared/fields.ts";
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

const goTypes: Readonly<Record<Kind, string>> = {
  string: "string",
  integer: "int",
  number: "float64",
  boolean: "bool",
  array: "[]interface {}",
  object: "map[string]interface {}",
  mixed: "interface {}",
};

const reading = {
  integerOf: (value: unknown) => (typeof value === "number" && Number.isInteger(value) ? value : undefined),
  elementPath: (path: string) => path,
};

/** Rows of tables of a request's fields; `called` is the type in Go. */
export const field = fieldsOf({
  ...reading,
  type: ({ param, field: { kind, rules }, value }) => refuseType(param, rules.called ?? goTypes[kind], value),
});

/** Rows of tables of a model's options, which the server reads by itself. */
const option = fieldsOf({
  ...reading,
  type: ({ param, field: { name, kind, rules } }) =>
    refuse(param, `option "${name}" must be of ${rules.called ?? `type ${kind === "number" ? "float32" : kind}`}`),
});

const names = { model: field.string("model"), older: field.string("name") };

/** Names of models are echoed in each line of a response, so they have a limit. */
const maxModelLength = 256;

/** The name of the model, which every request needs. */
export function readModel(body: JsonObject): string {
  const model = read(body, names.model) || read(body, names.older) || "";
  if (model === "") refuse("model", "model is required");
  return model.length <= maxModelLength ? model : refuse("model", "invalid model name");
}

const imagesField = field.array("images", { called: "[]api.ImageData" });
const base64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Checks that the images of a request or message are texts in base64. @param at path of the message, empty for the request */
export function checkImages(object: JsonObject, at = ""): void {
  const images = read(object, imagesField, at);
  if (images === undefined) return;
  const path = pathOf(at, "images");
  for (const image of images) {
    if (typeof image !== "string") return refuseType(path, "[]uint8", image);
    if (!base64.test(image)) refuse(path, "illegal base64 data at input byte 0");
  }
}

/** What the options of a request say about its response. */
export type Options = {
  readonly maxTokens: number | undefined;
  readonly stops: readonly string[];
  readonly seed: number | undefined;
};

const optionsField = field.object("options");

/** Options that change nothing in a simulated response. */
const unused = [
  ...["num_ctx", "num_keep", "top_k", "repeat_last_n", "num_batch", "num_gpu", "num_thread"].map((name) =>
    option.integer(name),
  ),
  ...["temperature", "top_p", "min_p", "typical_p", "repeat_penalty", "presence_penalty", "frequency_penalty"].map(
    (name) => option.number(name),
  ),
];
const used = {
  limit: option.integer("num_predict"),
  stop: option.list("stop", option.string("stop", { called: "an array of strings" })),
  seed: option.integer("seed"),
};
const noOptions: Options = { maxTokens: undefined, stops: [], seed: undefined };

/**
 * Reads and checks the options; unknown ones are passed over, as the server does.
 *
 * @returns no `maxTokens` for a `num_predict` of 0 or below, which means no limit
 */
export function readOptions(body: JsonObject): Options {
  const options = read(body, optionsField);
  if (options === undefined) return noOptions;
  check(options, unused, "options");
  const limit = read(options, used.limit, "options");
  return {
    maxTokens: limit === undefined || limit <= 0 ? undefined : limit,
    stops: read(options, used.stop, "options") ?? [],
    seed: read(options, used.seed, "options"),
  };
}

const efforts = new Map<unknown, number>([
  [true, 0.5],
  ["low", 0.25],
  ["medium", 0.5],
  ["high", 0.7],
]);

/** The share of a response that is thought: an estimate by effort; 0 when the caller does not ask to think. */
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
