import { composer, type Wanted } from "../../../simulator/compose.ts";
import type { Compose } from "../../../simulator/parts.ts";
import type { Facts } from "../../../types.ts";
import { checkSampling, isStrict, readModel, readStop, readStreaming, refuse, seed, tierTold } from "../check.ts";
import { readConstraint, readMinTokens } from "../decoding.ts";
import { check, read } from "../../shared/fields.ts";
import { elementsOf, isObject, openJson, type JsonBody, type JsonObject } from "../../shared/json-body.ts";
import { once } from "../../shared/conversation.ts";
import { chatConversation } from "./conversation.ts";
import { promptedJson } from "../../shared/prompted-json.ts";
import { writeChat } from "./response.ts";
import { writeStored } from "./stored.ts";
import { weightOf } from "../logprobs.ts";
import { checkModalities, options, readFormat, shape } from "./options.ts";
import { mediaTokens } from "../media.ts";
import { askingTexts, checkMessages, endsWithResult, lastUserText, textOf } from "../messages.ts";
import { checkChatSampling, isReasoning, reasoningShare } from "../reasoning.ts";
import { checkStrictChat } from "../strict.ts";
import { countWithinBytes, estimateBySize, streamingFor } from "../text.ts";
import { readTooling, type Tooling } from "../tools.ts";
import type { Ask, AskSettings, CountTokens, OpenRequest, Operation, ReplyForms } from "../../types.ts";

/** The provider adds about so many tokens to each message (with its role), and to the response. @see OpenAI cookbook, "How to count tokens with tiktoken" */
const tokensPerMessage = 4;
const tokensForReply = 3;
const readAhead = ["model", "stream"];

/** `POST /v1/chat/completions`. @see https://platform.openai.com/docs/api-reference/chat */
export const chat: Operation = {
  name: "chat",
  method: "POST",
  route: "/v1/chat/completions",
  open(request) {
    const json = openJson(request.body, readAhead);
    const facts = chatFacts(json, request);
    return { facts, ask: (settings) => askOf({ body: json.whole(), facts, kept: request.kept, settings }) };
  },
};

function chatFacts(json: JsonBody, { count, model: elsewhere }: OpenRequest): Facts {
  const model = json.member("model") ?? elsewhere;
  let promptTokens: number | undefined;
  return {
    model: typeof model === "string" ? model : undefined,
    stream: json.member("stream") === true,
    promptTokens: () => (promptTokens ??= countPrompt(json, count)),
    lastUserMessage: () => lastUserText(json.whole()),
    conversation: once(() => chatConversation(json.whole())),
    body: () => json.whole(),
  };
}

function countPrompt(json: JsonBody, count: CountTokens): number {
  const isLarge = json.sizeBytes > countWithinBytes;
  const { messages, tools, functions } = json.whole();
  const countText = isLarge ? (text: string): number => estimateBySize(text.length) : count;
  let tokens = tokensForReply;
  for (const message of elementsOf(messages)) tokens += tokensPerMessage + countMessage(message, countText);
  for (const list of [tools, functions]) {
    if (list !== undefined && list !== null) tokens += countText(JSON.stringify(list));
  }
  return tokens;
}

function countMessage(message: unknown, count: CountTokens): number {
  if (!isObject(message)) return 0;
  const { content, tool_calls: calls } = message;
  const called = Array.isArray(calls) && calls.length > 0 ? count(JSON.stringify(calls)) : 0;
  if (!Array.isArray(content)) return count(textOf(message)) + called;
  const { audio, other } = mediaTokens(message);
  return count(textOf(message)) + called + audio + other;
}

type Asked = Pick<OpenRequest, "kept"> & {
  readonly body: JsonObject;
  readonly facts: Facts;
  readonly settings: AskSettings | undefined;
};

function askOf({ body, facts, kept, settings = {} }: Asked): Ask {
  const model = readModel(body, facts.model);
  checkMessages(body);
  checkSampling(body);
  check(body, options);
  if (body["modalities"] !== undefined) checkModalities(body);
  const topLogprobs = readTopLogprobs(body);
  const tooling = namesTools(body) ? readTooling(body) : undefined;
  const choices = read(body, shape.choices) ?? 1;
  const stops = readStop(body);
  const streaming = readStreaming(body);
  const strict = isStrict(settings);
  const maxTokens = readLimit(body, model, strict);
  const serviceTier = tierTold(read(body, shape.serviceTier));
  const promptTokens = facts.promptTokens();
  const audioTokens = audioIn(body);
  const compose = composeOf({ body, model, tooling, settings });
  if (strict) checkStrictly(body, model);
  const weight = topLogprobs === undefined ? choices : choices * weightOf(topLogprobs);
  const fixed = {
    model,
    promptTokens,
    audioTokens,
    choices,
    stops,
    serviceTier,
    maxTokens,
    compose,
    topLogprobs,
    tooling,
  };
  const ask: Ask = {
    model,
    stream: streaming.stream,
    promptTokens,
    maxTokens,
    minTokens: readMinTokens(body, maxTokens),
    seed: read(body, seed),
    refuses: true,
    choices,
    forms: tooling?.style === "functions" ? functionForms : toolForms,
    // @see experiential#947: Azure's head is kept back until there is a token; OpenAI's tells how long that took, as in openai-java#266.
    head: "first-token",
    ...(weight > 1 && { sizeOf: (tokens: number) => tokens * weight }),
    write(script) {
      const response = { ...fixed, script, streaming: streamingFor(script, streaming) };
      return body["store"] === true && kept !== undefined ? writeStored(response, body, kept) : writeChat(response);
    },
  };
  return compose === undefined ? ask : { ...ask, compose };
}

/** What the document allows and the provider refuses all the same. */
function checkStrictly(body: JsonObject, model: string): void {
  checkStrictChat(body);
  checkChatSampling(body, model);
}

/** How many of the most likely tokens are told for each; undefined when `logprobs` was not asked for. */
function readTopLogprobs(body: JsonObject): number | undefined {
  const logprobs = read(body, shape.logprobs) ?? false;
  const top = read(body, shape.topLogprobs);
  if (logprobs) return top ?? 0;
  if (top === undefined) return undefined;
  const problem = "The parameter 'top_logprobs' is only allowed when 'logprobs' is true.";
  return refuse("top_logprobs", "invalid_value", problem);
}

/** The limit on output tokens under either name; the old one is not for models that reason. */
function readLimit(body: JsonObject, model: string, strict: boolean): number | undefined {
  const older = read(body, shape.maxTokens);
  const newer = read(body, shape.maxCompletionTokens);
  if (older === undefined || !strict || !isReasoning(model)) return newer ?? older;
  const problem =
    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
  return refuse("max_tokens", "unsupported_parameter", problem);
}

const toolMembers = ["tools", "functions", "tool_choice", "function_call", "parallel_tool_calls"];

/** Most requests say nothing of tools. */
function namesTools(body: JsonObject): boolean {
  for (const name of toolMembers) if (body[name] !== undefined) return true;
  return false;
}

type Composed = {
  readonly body: JsonObject;
  readonly model: string;
  readonly tooling: Tooling | undefined;
  readonly settings: AskSettings;
};

/** How the response is made where it is more than prose. */
function composeOf({ body, model, tooling, settings }: Composed): Compose | undefined {
  const given = (body["response_format"] === undefined ? undefined : readFormat(body)) ?? readConstraint(body);
  const json = promptedJson(askingTexts(body), given, settings);
  const share = reasoningShare(model, body, settings);
  if (tooling === undefined && json === undefined && share === 0) return undefined;
  const { tools, choice, parallel } = tooling ?? noTools;
  return composer({ tools, choice, parallel, afterToolResult: endsWithResult(body), json, reasoningShare: share });
}

const toolForms: ReplyForms = { reasoning: true, calls: "text" };
/** As requests named tools before, one is called at a time. */
const functionForms: ReplyForms = { ...toolForms, maxCalls: 1 };
const noTools: Pick<Wanted, "tools" | "choice" | "parallel"> = { tools: [], choice: "none", parallel: false };

function audioIn({ messages }: JsonObject): number {
  let tokens = 0;
  for (const message of elementsOf(messages)) {
    if (isObject(message) && Array.isArray(message["content"])) tokens += mediaTokens(message).audio;
  }
  return tokens;
}
