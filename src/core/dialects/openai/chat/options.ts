import type { Wanted } from "../../../simulator/compose.ts";
import {
  checkText,
  optionalOf,
  readBoolean,
  readInteger,
  readObject,
  readWord,
  refuse,
  refuseEmpty,
  refuseMissing,
  refuseType,
  refuseValue,
} from "../check.ts";
import { isObject, type JsonObject } from "../../shared/json-body.ts";
import { textOf } from "../messages.ts";
import { isReasoning } from "../reasoning.ts";
import { checkFormat } from "../strict.ts";
import { readName } from "../tools.ts";

const maxTopLogprobs = 20;

/**
 * How many of the most likely tokens are told for each.
 *
 * @returns undefined when `logprobs` was not asked for
 */
export function readTopLogprobs(body: JsonObject): number | undefined {
  const logprobs = readBoolean(body, "logprobs") ?? false;
  const top = readInteger(body, "top_logprobs", 0, maxTopLogprobs);
  if (logprobs) return top ?? 0;
  if (top === undefined) return undefined;
  return refuse(
    "top_logprobs",
    "invalid_value",
    "The parameter 'top_logprobs' is only allowed when 'logprobs' is true.",
  );
}

/** The limit on output tokens under either name; the old one is not for models that reason. */
export function readLimit(body: JsonObject, model: string): number | undefined {
  const older = readInteger(body, "max_tokens", 1, Number.MAX_SAFE_INTEGER);
  const newer = readInteger(body, "max_completion_tokens", 1, Number.MAX_SAFE_INTEGER);
  if (older === undefined || !isReasoning(model)) return newer ?? older;
  return refuse(
    "max_tokens",
    "unsupported_parameter",
    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
  );
}

const formatTypes = ["text", "json_object", "json_schema"] as const;

/** Whether the answer must be JSON, and of which schema. */
export function readFormat(body: JsonObject): Wanted["json"] {
  const format = readObject(body, "response_format");
  if (format === undefined) return undefined;
  const { json_schema: wanted } = format;
  switch (readWord(format, "type", formatTypes, "response_format.")) {
    case undefined:
      return refuseMissing("response_format.type");
    case "text":
      return undefined;
    case "json_object":
      checkSaysJson(body);
      return "object";
    case "json_schema":
      if (wanted === undefined) return refuseMissing("response_format.json_schema");
      if (!isObject(wanted)) return refuseType("response_format.json_schema", "an object", wanted);
      return readSchema(wanted);
  }
}

function readSchema(wanted: JsonObject): Wanted["json"] {
  const path = "response_format.json_schema";
  const name = readName(wanted, path);
  const schema = optionalOf(wanted, "schema");
  const strict = readBoolean(wanted, "strict", `${path}.`) ?? false;
  if (schema === undefined) return strict ? refuseMissing(`${path}.schema`) : "object";
  if (!isObject(schema)) return refuseType(`${path}.schema`, "an object", schema);
  if (strict) checkFormat(schema, name);
  return { schema };
}

/** The provider refuses JSON mode where nobody told the model, because it would write blanks without end. @see https://platform.openai.com/docs/guides/structured-outputs, "JSON mode" */
function checkSaysJson({ messages }: JsonObject): void {
  if (!Array.isArray(messages)) return;
  if (messages.some((message) => isObject(message) && /json/i.test(textOf(message)))) return;
  refuse(
    "messages",
    "invalid_value",
    "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
  );
}

/** Service tiers that can be asked for. */
export const tiers = ["auto", "default", "flex", "scale", "priority", "fast"];

const verbosities = ["low", "medium", "high"];

/** Checks what does not change a simulated answer. */
export function checkOptions(body: JsonObject): void {
  readBoolean(body, "store");
  readObject(body, "web_search_options");
  readObject(body, "audio");
  checkText(body, "safety_identifier");
  checkText(body, "prompt_cache_key");
  readWord(body, "verbosity", verbosities);
  checkMetadata(readObject(body, "metadata"));
  checkPrediction(readObject(body, "prediction"));
  checkModalities(optionalOf(body, "modalities"));
}

function checkMetadata(metadata: JsonObject | undefined): void {
  if (metadata === undefined) return;
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value !== "string") refuseType(`metadata.${name}`, "a string", value);
  }
}

function checkPrediction(prediction: JsonObject | undefined): void {
  if (prediction === undefined) return;
  const { content } = prediction;
  if (readWord(prediction, "type", ["content"], "prediction.") === undefined) refuseMissing("prediction.type");
  if (content === undefined) refuseMissing("prediction.content");
  if (typeof content !== "string" && !Array.isArray(content)) {
    refuseType("prediction.content", "a string or an array of objects", content);
  }
}

/** Text is the only thing that is answered; silence where sound was asked for would be taken for an answer. */
function checkModalities(modalities: unknown): void {
  if (modalities === undefined) return;
  if (!Array.isArray(modalities)) return refuseType("modalities", "an array of strings", modalities);
  if (modalities.length === 0) return refuseEmpty("modalities", "strings");
  const list: readonly unknown[] = modalities;
  list.forEach((modality, index) => {
    if (typeof modality !== "string") refuseType(`modalities[${index}]`, "a string", modality);
    if (modality !== "text" && modality !== "audio") refuseValue("modalities", ["text", "audio"], modality);
  });
  if (!list.includes("audio")) return;
  refuse(
    "modalities",
    "unsupported_value",
    "Unsupported value: 'modalities' with 'audio'. Stuntdouble does not simulate audio output; ask for ['text'] only.",
  );
}
