import type { Wanted } from "../../../simulator/compose.ts";
import { field, maxChoices, refuse, refuseMissing, refuseType, refuseValue } from "../check.ts";
import { read, required } from "../../shared/fields.ts";
import { isObject, type JsonObject } from "../../shared/json-body.ts";
import { textOf } from "../messages.ts";
import { toolName } from "../tools.ts";

/** Service tiers that can be asked for. */
const tiers = ["auto", "default", "flex", "scale", "priority", "fast"];

const prediction = [
  required(field.word("type", ["content"], { nullIsMissing: true })),
  required(
    field.mixed("content", (value) => (typeof value === "string" || Array.isArray(value) ? value : undefined), {
      called: "a string or an array of objects",
    }),
  ),
];

/** What does not change a simulated response. */
export const options = [
  field.boolean("store"),
  field.object("web_search_options"),
  field.object("audio"),
  field.string("safety_identifier"),
  field.string("prompt_cache_key"),
  field.word("verbosity", ["low", "medium", "high"]),
  field.object("metadata", { each: field.string("value") }),
  field.object("prediction", { fields: prediction }),
];

/** What shapes the response. */
export const shape = {
  logprobs: field.boolean("logprobs"),
  topLogprobs: field.integer("top_logprobs", { min: 0, max: 20 }),
  choices: field.integer("n", { min: 1, max: maxChoices }),
  maxTokens: field.integer("max_tokens", { min: 1, max: Number.MAX_SAFE_INTEGER }),
  maxCompletionTokens: field.integer("max_completion_tokens", { min: 1, max: Number.MAX_SAFE_INTEGER }),
  serviceTier: field.word("service_tier", tiers),
};

const formatFields = {
  format: field.object("response_format"),
  type: required(field.word("type", ["text", "json_object", "json_schema"], { nullIsMissing: true })),
  jsonSchema: required(field.object("json_schema")),
  strict: field.boolean("strict"),
  schema: field.object("schema"),
};

/**
 * Whether the response must be JSON, and of which schema.
 *
 * @throws BODY_INVALID with the path of the first mistake
 */
export function readFormat(body: JsonObject): Wanted["json"] {
  const path = "response_format";
  const format = read(body, formatFields.format);
  if (format === undefined) return undefined;
  switch (read(format, formatFields.type, path)) {
    case "text":
      return undefined;
    case "json_object":
      checkSaysJson(body);
      return "object";
    case "json_schema":
      return readSchema(read(format, formatFields.jsonSchema, path));
  }
}

function readSchema(wanted: JsonObject): Wanted["json"] {
  const path = "response_format.json_schema";
  read(wanted, toolName, path);
  const strict = read(wanted, formatFields.strict, path) ?? false;
  const schema = read(wanted, formatFields.schema, path);
  if (schema === undefined) return strict ? refuseMissing(`${path}.schema`) : "object";
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

const modalitiesRow = field.array("modalities", { called: "an array of strings", elements: "strings", min: 1 });

/** Only text is given; silence where sound was asked for would be taken for a response. */
export function checkModalities(body: JsonObject): void {
  const modalities = read(body, modalitiesRow) ?? [];
  for (const [index, modality] of modalities.entries()) {
    if (typeof modality !== "string") return refuseType(`modalities[${index}]`, "a string", modality);
    if (modality !== "text" && modality !== "audio") refuseValue("modalities", ["text", "audio"], modality);
  }
  if (!modalities.includes("audio")) return;
  refuse(
    "modalities",
    "unsupported_value",
    "Unsupported value: 'modalities' with 'audio'. Stuntdouble does not simulate audio output; ask for ['text'] only.",
  );
}
