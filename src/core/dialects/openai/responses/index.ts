import { countOf } from "../../../simulator/parts.ts";
import { composer } from "../../../simulator/compose.ts";
import type { Facts, Plan } from "../../../types.ts";
import { field, readModel, readStreamOptions, refuse, refuseType, refuseValue, streaming, tierTold } from "../check.ts";
import { read } from "../../shared/fields.ts";
import { openJson, type JsonBody, type JsonObject } from "../../shared/json-body.ts";
import { weightOf } from "../logprobs.ts";
import { readReasoning } from "../reasoning.ts";
import { callIds, outputItems, overAt, longId, responseJson, type ResponsesResponse } from "./response.ts";
import { checkResults, countInput, lastUserText, mentionsJson, readItems } from "./input.ts";
import { findResponse, keepResponse, type KeptResponse } from "./kept.ts";
import { streamResponse } from "./stream.ts";
import { readFormat, readTools } from "./tools.ts";
import { jsonPlan } from "../text.ts";
import { withoutDelay, textless } from "../../shared/textless.ts";
import type { Ask, KeptResponses, OpenRequest, Operation } from "../../types.ts";

const readAhead = ["model", "stream", "previous_response_id"];
/** A stream tells the logprobs with each token, and again with the whole text, content part, item and response. */
const timesTold = 5;
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

const members = {
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

/** `POST /v1/responses`. @see https://platform.openai.com/docs/api-reference/responses */
export const responses: Operation = {
  name: "responses",
  method: "POST",
  route: "/v1/responses",
  open(request) {
    const { body, kept } = request;
    const json = openJson(body, readAhead);
    const facts = responseFacts(json, request);
    return { facts, ask: () => askOf({ body: json.whole(), text: () => body.text(), facts, kept }) };
  },
};

/** `POST /v1/responses/input_tokens`. @see the OpenAI document, TokenCountsResource */
export const inputTokens: Operation = {
  name: "input_tokens",
  method: "POST",
  route: "/v1/responses/input_tokens",
  open(request) {
    const json = openJson(request.body, readAhead);
    const facts = { ...responseFacts(json, request), stream: false };
    return { facts, ask: () => countTokens(json.whole(), facts, request.kept) };
  },
};

/** Counting costs the provider nothing, so the response comes at once. */
function countTokens(body: JsonObject, facts: Facts, kept: KeptResponses | undefined): Ask {
  readItems(body);
  readPrevious(body, kept);
  const promptTokens = facts.promptTokens();
  const answer = `{"object":"response.input_tokens","input_tokens":${promptTokens}}`;
  return textless({
    model: read(body, members.model) ?? facts.model ?? "",
    promptTokens,
    write: (script) => jsonPlan(withoutDelay(script), 0, answer),
  });
}

function responseFacts(json: JsonBody, { count, kept, model: elsewhere }: OpenRequest): Facts {
  const model = json.member("model") ?? elsewhere;
  let promptTokens: number | undefined;
  const tokensBefore = (): number => {
    const id = json.member("previous_response_id");
    return typeof id === "string" ? (findResponse(kept, id)?.tokens ?? 0) : 0;
  };
  return {
    model: typeof model === "string" ? model : undefined,
    stream: json.member("stream") === true,
    promptTokens: () => (promptTokens ??= countInput(json, count) + tokensBefore()),
    lastUserMessage: () => lastUserText(json.whole()),
  };
}

/** A request as it was opened. */
type Request = {
  readonly body: JsonObject;
  text(): string;
  readonly facts: Facts;
  readonly kept: KeptResponses | undefined;
};

function askOf({ body, text, facts, kept }: Request): Ask {
  const model = readModel(body, facts.model);
  const items = readItems(body);
  const before = readPrevious(body, kept);
  if (before === undefined || before.found !== undefined) checkResults(items, before?.found?.calls ?? []);
  const reasoning = readReasoning(body, model);
  const tools = readTools(body);
  const format = readFormat(body);
  if (format.json === "object" && before === undefined) checkMention(items, body);
  const { stream, obfuscate } = readStream(body);
  const { background, store } = readKeeping(body);
  const maxTokens = read(body, members.maxTokens);
  const { encrypted, topLogprobs, told } = readIncluded(body);
  const weight = 1 + (weightOf(told) - 1) * (stream ? timesTold : 1);
  const instructions = read(body, members.instructions);
  // A template, because most requests have only a few of these members.
  const settings =
    `"instructions":${jsonOf(instructions)},"max_output_tokens":${maxTokens ?? null},"model":${JSON.stringify(model)},` +
    `"previous_response_id":${jsonOf(before?.id)},"store":${store},` +
    `"reasoning":{"effort":${jsonOf(reasoning.effort)},"summary":${jsonOf(reasoning.summary)}},` +
    `"text":${format.shown},"tools":${tools.shown},"tool_choice":${tools.shownChoice},` +
    `"parallel_tool_calls":${tools.parallel},"top_logprobs":${topLogprobs},${readRest(body)}`;
  const promptTokens = facts.promptTokens();
  const fixed = {
    promptTokens,
    settings,
    background,
    summary: reasoning.summary !== null,
    encrypted,
    obfuscate,
    topLogprobs: told,
    forms: tools.forms,
    chosenByCaller: format.json !== undefined,
  };
  const compose = composer({
    tools: tools.callable,
    choice: tools.choice,
    parallel: tools.parallel,
    answersTool: String(items.at(-1)?.["type"]).endsWith("call_output"),
    json: format.json,
    reasoningShare: reasoning.share,
  });
  return {
    model,
    stream,
    promptTokens,
    maxTokens,
    seed: undefined,
    endOnly: !stream,
    refuses: true,
    ...(compose !== undefined && { compose }),
    ...(weight > 1 && { sizeOf: (tokens: number) => tokens * weight }),
    write(script) {
      const answer = { ...fixed, id: longId("resp_", script.id), script };
      const made = outputItems(answer);
      const whole = responseJson(answer, "over", made.map(({ done }) => done).join(","));
      if (store) keepResponse(kept, answer.id, keptOf(answer, { model, response: whole, request: text() }));
      if (stream) return streamResponse(answer, made, whole);
      return background ? atOnce(answer) : jsonPlan(script, countOf(script.parts), whole);
    },
  };
}

function jsonOf(text: string | null | undefined): string {
  return text === undefined || text === null ? "null" : JSON.stringify(text);
}

/** One that is made in the background is answered before there is any of it. */
function atOnce(answer: ResponsesResponse): Plan {
  const timing = { ttftMs: 0, atMs: [], totalMs: 0 };
  return jsonPlan({ ...answer.script, timing }, 0, responseJson(answer, "queued", ""));
}

/** What is included beyond the usual; `told` is undefined where the logprobs are not. */
function readIncluded(body: JsonObject) {
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

function checkMention(items: readonly JsonObject[], body: JsonObject): void {
  if (mentionsJson(items, read(body, members.instructions))) return;
  const problem =
    "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.";
  refuse("input", "invalid_value", problem);
}

function readKeeping(body: JsonObject): { readonly background: boolean; readonly store: boolean } {
  const background = read(body, members.background) ?? false;
  const store = read(body, members.store) ?? true;
  if (background && !store) {
    refuse("background", "invalid_value", "A response in the background must be stored: set 'store' to true.");
  }
  return { background, store };
}

function keptOf(answer: ResponsesResponse, texts: Pick<KeptResponse, "model" | "response" | "request">): KeptResponse {
  const { script, promptTokens, background } = answer;
  const tokens = promptTokens + countOf(script.parts);
  return { ...texts, tokens, calls: callIds(answer), background, overAtSeconds: overAt(script) };
}

/**
 * The response that a request goes on from; undefined when it names none, and without `found` where nothing is kept.
 *
 * @throws BODY_INVALID for one that is unknown, as the provider does
 */
function readPrevious(body: JsonObject, kept: KeptResponses | undefined) {
  if (body["conversation"] !== undefined && body["conversation"] !== null) {
    const problem = "A stand-in keeps no conversations; use 'previous_response_id' instead of 'conversation'.";
    refuse("conversation", "unsupported_parameter", problem);
  }
  const id = read(body, members.previous);
  if (id === undefined) return undefined;
  const found = findResponse(kept, id);
  if (found === undefined && kept !== undefined) {
    const problem = `Previous response with id '${id.slice(0, 64)}' not found.`;
    refuse("previous_response_id", "previous_response_not_found", problem);
  }
  return { id, found };
}

function readStream(body: JsonObject): { readonly stream: boolean; readonly obfuscate: boolean } {
  const stream = read(body, streaming.stream) ?? false;
  const options = readStreamOptions(body, stream);
  if (options === undefined) return { stream, obfuscate: true };
  return { stream, obfuscate: read(options, streaming.obfuscate, "stream_options") ?? true };
}

/** What is checked, repeated in the response, and changes nothing else in it: JSON of those members. */
function readRest(body: JsonObject): string {
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
