import { countOf } from "../../../simulator/parts.ts";
import { composer } from "../../../simulator/compose.ts";
import type { Facts, Plan } from "../../../types.ts";
import { isStrict, readModel } from "../check.ts";
import { read } from "../../shared/fields.ts";
import { openJson, type JsonObject } from "../../shared/json-body.ts";
import { weightOf } from "../logprobs.ts";
import { checkResponseSampling, readReasoning, type Reasoning } from "../reasoning.ts";
import { checkStrictResponse } from "../strict.ts";
import {
  callIds,
  outputItems,
  overAt,
  longId,
  overJson,
  responseJson,
  type OutputItem,
  type ResponsesResponse,
} from "./response.ts";
import {
  callsIn,
  extendConversation,
  knownConversation,
  readConversation,
  type Conversation,
} from "./conversations.ts";
import { askingTexts, checkResults, readItems } from "./input.ts";
import { shownItems } from "./items.ts";
import { keepResponse, type KeptResponse } from "./kept.ts";
import {
  checkMention,
  jsonOf,
  members,
  readAhead,
  readIncluded,
  readKeeping,
  readPrevious,
  readRest,
  readStream,
  responseFacts,
} from "./request.ts";
import { keyNamed } from "./calls.ts";
import { streamResponse } from "./stream.ts";
import { readFormat, readTools, type Format, type Tools } from "./tools.ts";
import { jsonPlan } from "../text.ts";
import { promptedJson } from "../../shared/prompted-json.ts";
import { withoutDelay, textless } from "../../shared/textless.ts";
import type { Ask, AskSettings, KeptResponses, Operation } from "../../types.ts";

/** A stream tells the logprobs with each token, and again with the whole text, content part, item and response. */
const timesTold = 5;
/** `POST /v1/responses`. @see https://platform.openai.com/docs/api-reference/responses */
export const responses: Operation = {
  name: "responses",
  method: "POST",
  route: "/v1/responses",
  open(request) {
    const { body, kept } = request;
    const json = openJson(body, readAhead);
    const facts = responseFacts(json, request);
    return {
      facts,
      ask: (settings = {}) => askOf({ body: json.whole(), text: () => body.text(), facts, kept, settings }),
    };
  },
};

/** `POST /v1/responses/input_tokens`. @see the OpenAI document, TokenCountsResource */
export const inputTokens: Operation = {
  name: "input_tokens",
  method: "POST",
  route: "/v1/responses/input_tokens",
  open(request) {
    const json = openJson(request.body, readAhead);
    const facts = { ...responseFacts(json, request), stream: false, conversation: undefined };
    return { facts, ask: () => countTokens(json.whole(), facts, request.kept) };
  },
};

/** Counting costs the provider nothing, so the response comes at once. */
function countTokens(body: JsonObject, facts: Facts, kept: KeptResponses | undefined): Ask {
  readItems(body);
  readPrevious(body, kept);
  const promptTokens = facts.promptTokens();
  const counted = `{"object":"response.input_tokens","input_tokens":${promptTokens}}`;
  return textless({
    model: read(body, members.model) ?? facts.model ?? "",
    promptTokens,
    write: (script) => jsonPlan(withoutDelay(script), 0, counted),
  });
}

/** A request as it was opened. */
type Request = {
  readonly body: JsonObject;
  text(): string;
  readonly facts: Facts;
  readonly kept: KeptResponses | undefined;
  readonly settings: AskSettings;
};

function askOf(request: Request): Ask {
  const { body, text, facts, kept } = request;
  const model = readModel(body, facts.model);
  const context = readContext(request);
  const { items, before, conversation } = context;
  const reasoning = readReasoning(body, model);
  const tools = readTools(body);
  const format = readFormat(body);
  const json = promptedJson(askingTexts(body, items), format.json, request.settings);
  if (format.json === "object" && before === undefined && conversation === undefined) checkMention(items, body);
  const { stream, obfuscate } = readStream(body);
  const { background, store } = readKeeping(body);
  const maxTokens = read(body, members.maxTokens);
  const { encrypted, topLogprobs, told } = readIncluded(body);
  if (isStrict(request.settings)) checkStrictly(body, model, told !== undefined);
  const weight = 1 + (weightOf(told) - 1) * (stream ? timesTold : 1);
  const settings = settingsJson({ body, model, maxTokens, store, topLogprobs, context, reasoning, format, tools });
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
    afterToolResult: String(items.at(-1)?.["type"]).endsWith("call_output"),
    json,
    reasoningShare: reasoning.share,
  });
  return {
    model,
    stream,
    promptTokens,
    maxTokens,
    seed: undefined,
    refuses: true,
    forms: { reasoning: true, calls: "text", keyOf: (name) => keyNamed(tools.forms, name) },
    truncates: body["truncation"] === "auto",
    ...(compose !== undefined && { compose }),
    ...(weight > 1 && { sizeOf: (tokens: number) => tokens * weight }),
    write(script) {
      const response = { ...fixed, id: longId("resp_", script.id), script };
      const made = outputItems(response);
      extend(context, kept, { response, made });
      const isKept = store && kept !== undefined;
      const whole = isKept || !stream ? overJson(response, made) : "";
      if (isKept) keepResponse(kept, response.id, keptOf(response, { model, response: whole, request: text() }));
      if (stream) return streamResponse(response, made);
      return background ? atOnce(response) : jsonPlan(script, countOf(script.parts), whole);
    },
  };
}

/** What the document allows and the provider refuses all the same. */
function checkStrictly(body: JsonObject, model: string, logprobs: boolean): void {
  checkStrictResponse(body);
  checkResponseSampling(body, model, logprobs);
}

/** What a request goes on from. */
type Context = {
  readonly items: readonly JsonObject[];
  readonly before: ReturnType<typeof readPrevious>;
  /** The id of the conversation that it belongs to. */
  readonly conversation: string | undefined;
  readonly found: Conversation | undefined;
};

/** @throws BODY_INVALID, NOT_FOUND for what it goes on from and is not there, and for results that belong to no call */
function readContext({ body, kept }: Request): Context {
  const items = readItems(body);
  const conversation = readConversation(body);
  const before = readPrevious(body, kept);
  const found = conversation === undefined || kept === undefined ? undefined : knownConversation(kept, conversation);
  const isKnown =
    (before === undefined || before.found !== undefined) && (conversation === undefined || found !== undefined);
  if (isKnown) checkResults(items, found === undefined ? (before?.found?.calls ?? []) : callsIn(found));
  return { items, before, conversation, found };
}

type Made = { readonly response: ResponsesResponse; readonly made: readonly OutputItem[] };

/** Adds what was asked and what was said to the conversation. */
function extend(context: Context, kept: KeptResponses | undefined, { response, made }: Made): void {
  const { items, conversation, found } = context;
  if (conversation === undefined || found === undefined || kept === undefined) return;
  const { script, promptTokens } = response;
  const output = made.map(({ done }): JsonObject => JSON.parse(done()));
  const tokens = promptTokens + countOf(script.parts) - found.tokens;
  extendConversation(kept, conversation, { items: [...shownItems(items, script.id), ...output], tokens });
}

/** What a request asks for, as far as the response repeats it. */
type Asked = {
  readonly body: JsonObject;
  readonly model: string;
  readonly maxTokens: number | undefined;
  readonly store: boolean;
  readonly topLogprobs: number;
  readonly context: Context;
  readonly reasoning: Reasoning;
  readonly format: Format;
  readonly tools: Tools;
};

/** JSON of the members that the request alone determines: a template, because most requests have only a few of them. */
function settingsJson({
  body,
  model,
  maxTokens,
  store,
  topLogprobs,
  context,
  reasoning,
  format,
  tools,
}: Asked): string {
  const { before, conversation } = context;
  return (
    `"instructions":${jsonOf(read(body, members.instructions))},"max_output_tokens":${maxTokens ?? null},"model":${JSON.stringify(model)},` +
    `"previous_response_id":${jsonOf(before?.id)},"store":${store},` +
    (conversation === undefined ? "" : `"conversation":{"id":${jsonOf(conversation)}},`) +
    `"reasoning":{"effort":${jsonOf(reasoning.effort)},"summary":${jsonOf(reasoning.summary)}},` +
    `"text":${format.shown},"tools":${tools.shown},"tool_choice":${tools.shownChoice},` +
    `"parallel_tool_calls":${tools.parallel},"top_logprobs":${topLogprobs},${readRest(body)}`
  );
}

/** One that is made in the background is responded to before there is any of it. */
function atOnce(response: ResponsesResponse): Plan {
  const timing = { ttftMs: 0, atMs: [], totalMs: 0 };
  return jsonPlan({ ...response.script, timing }, 0, responseJson(response, "queued", ""));
}

function keptOf(
  response: ResponsesResponse,
  texts: Pick<KeptResponse, "model" | "response" | "request">,
): KeptResponse {
  const { script, promptTokens, background } = response;
  const tokens = promptTokens + countOf(script.parts);
  return { ...texts, tokens, calls: callIds(response), background, overAtSeconds: overAt(script) };
}
