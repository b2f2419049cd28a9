import type { Facts } from "../../../types.ts";
import { field, readStreamOptions, refuse, refuseType, refuseValue, streaming, tierTold } from "../check.ts";
import { read } from "../../shared/fields.ts";
import { isObject, type JsonBody, type JsonObject } from "../../shared/json-body.ts";
import { countInput, lastUserText, mentionsJson } from "./input.ts";
import { once } from "../../shared/conversation.ts";
import { responseConversation } from "./conversation.ts";
import { findConversation } from "./conversations.ts";
import { findResponse } from "./kept.ts";
import type { KeptResponses, OpenRequest } from "../../types.ts";

/** Members that are read of every request. */
export const readAhead = ["model", "stream", "previous_response_id", "conversation"];

/** What can be asked for beyond the usual. @see the OpenAI document, IncludeEnum */
const includable = [
  "file_search_call.results",
  "web_search_call.results",
  "web_search_call.action.sources",
  "message.input_image.image_url",
  "computer_call_output.output.image_url",
  "code_interpreter_call.outputs",
  "reasoning.encrypted_content",
  "message.output_text.logprobs",
];

export const members = {
  model: field.string("model"),
  maxTokens: field.integer("max_output_tokens", { min: 16, max: Number.MAX_SAFE_INTEGER }),
  instructions: field.string("instructions"),
  include: field.array("include"),
  topLogprobs: field.integer("top_logprobs", { min: 0, max: 20 }),
  background: field.boolean("background"),
  store: field.boolean("store"),
  previous: field.string("previous_response_id"),
  prompt: field.object("prompt"),
  user: field.string("user"),
  maxToolCalls: field.integer("max_tool_calls", { min: 1, max: Number.MAX_SAFE_INTEGER }),
  metadata: field.object("metadata", { each: field.string("value") }),
  cacheKey: field.string("prompt_cache_key"),
  safetyIdentifier: field.string("safety_identifier"),
  tier: field.word("service_tier", ["auto", "default", "flex", "scale", "priority", "fast", "ultrafast"]),
  temperature: field.number("temperature", { min: 0, max: 2 }),
  topP: field.number("top_p", { min: 0, max: 1 }),
  truncation: field.word("truncation", ["auto", "disabled"]),
};

/** What rules see of a request. */
export function responseFacts(json: JsonBody, { count, kept, model: elsewhere }: OpenRequest): Facts {
  const model = json.member("model") ?? elsewhere;
  let promptTokens: number | undefined;
  const tokensBefore = (): number => {
    const id = json.member("previous_response_id");
    const conversation = nameOf(json.member("conversation"));
    if (typeof conversation === "string") return findConversation(kept, conversation)?.tokens ?? 0;
    return typeof id === "string" ? (findResponse(kept, id)?.tokens ?? 0) : 0;
  };
  return {
    model: typeof model === "string" ? model : undefined,
    stream: json.member("stream") === true,
    promptTokens: () => (promptTokens ??= countInput(json, count) + tokensBefore()),
    lastUserMessage: () => lastUserText(json.whole()),
    goesOnFrom() {
      const conversation = nameOf(json.member("conversation"));
      const id = conversation ?? json.member("previous_response_id");
      return typeof id === "string" ? { id, isKept: kept?.find(id) !== undefined } : undefined;
    },
    conversation: once(() => responseConversation(json.whole())),
    body: () => json.whole(),
  };
}

/** The id of a conversation, which stands for an object that has it. */
function nameOf(conversation: unknown): unknown {
  return isObject(conversation) ? conversation["id"] : conversation;
}

/** What is included beyond the usual; `told` is undefined where the logprobs are not. */
export function readIncluded(body: JsonObject) {
  const include = readInclude(body);
  const topLogprobs = read(body, members.topLogprobs) ?? 0;
  return {
    encrypted: include.includes("reasoning.encrypted_content"),
    topLogprobs,
    told: include.includes("message.output_text.logprobs") ? topLogprobs : undefined,
  };
}

function readInclude(body: JsonObject): readonly unknown[] {
  const include = read(body, members.include) ?? [];
  for (const [index, each] of include.entries()) {
    if (typeof each !== "string") return refuseType(`include[${index}]`, "a string", each);
    if (!includable.includes(each)) return refuseValue(`include[${index}]`, includable, each);
  }
  return include;
}

/** Checks that JSON mode is told of. @throws BODY_INVALID */
export function checkMention(items: readonly JsonObject[], body: JsonObject): void {
  if (mentionsJson(items, read(body, members.instructions))) return;
  const problem =
    "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.";
  refuse("input", "invalid_value", problem);
}

/** Reads how a response is kept. @throws BODY_INVALID */
export function readKeeping(body: JsonObject): { readonly background: boolean; readonly store: boolean } {
  const background = read(body, members.background) ?? false;
  const store = read(body, members.store) ?? true;
  if (background && !store) {
    refuse("background", "invalid_value", "A response in the background must be stored: set 'store' to true.");
  }
  return { background, store };
}

/**
 * The response that a request goes on from; undefined when it names none, and without `found` where nothing is kept.
 *
 * @throws BODY_INVALID for one that is unknown, as the provider does
 */
export function readPrevious(body: JsonObject, kept: KeptResponses | undefined) {
  const id = read(body, members.previous);
  if (id === undefined) return undefined;
  const found = findResponse(kept, id);
  if (found === undefined && kept !== undefined) {
    const problem = `Previous response with id '${id.slice(0, 64)}' not found.`;
    refuse("previous_response_id", "previous_response_not_found", problem);
  }
  return { id, found };
}

/** Reads how a response shall be streamed. */
export function readStream(body: JsonObject): { readonly stream: boolean; readonly obfuscate: boolean } {
  const stream = read(body, streaming.stream) ?? false;
  const options = readStreamOptions(body, stream);
  if (options === undefined) return { stream, obfuscate: true };
  return { stream, obfuscate: read(options, streaming.obfuscate, "stream_options") ?? true };
}

/** What is checked, repeated in the response, and changes nothing else in it: JSON of those members. */
export function readRest(body: JsonObject): string {
  read(body, members.prompt);
  const user = read(body, members.user);
  return (
    `"max_tool_calls":${read(body, members.maxToolCalls) ?? null},` +
    `"metadata":${metadataJson(read(body, members.metadata))},"prompt_cache_key":${jsonOf(read(body, members.cacheKey))},` +
    `"safety_identifier":${jsonOf(read(body, members.safetyIdentifier))},"service_tier":"${tierTold(read(body, members.tier))}",` +
    `"temperature":${read(body, members.temperature) ?? 1},` +
    `"top_p":${read(body, members.topP) ?? 1},` +
    `"truncation":"${read(body, members.truncation) ?? "disabled"}"` +
    (user === undefined ? "" : `,"user":${jsonOf(user)}`)
  );
}

function metadataJson(metadata: JsonObject | undefined): string {
  return metadata === undefined ? "{}" : JSON.stringify(metadata);
}

/** JSON of a text that may be missing. */
export function jsonOf(text: string | null | undefined): string {
  return text === undefined || text === null ? "null" : JSON.stringify(text);
}
