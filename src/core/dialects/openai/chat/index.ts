import { composer, type Wanted } from "../../../simulator/compose.ts";
import type { Compose } from "../../../simulator/parts.ts";
import type { Facts } from "../../../types.ts";
import {
  checkSampling,
  maxChoices,
  readInteger,
  readModel,
  readSeed,
  readServiceTier,
  readStop,
  readStreaming,
} from "../check.ts";
import { isObject, openJson, type JsonBody, type JsonObject } from "../../shared/json-body.ts";
import { writeChat } from "./response.ts";
import { weightOf } from "../logprobs.ts";
import { checkOptions, readFormat, readLimit, readTopLogprobs, tiers } from "./options.ts";
import { mediaTokens } from "../media.ts";
import { checkMessages, endsWithResult, lastUserText, textOf } from "../messages.ts";
import { reasoningShare } from "../reasoning.ts";
import { countWithinBytes, estimateBySize, streamingFor } from "../text.ts";
import { readTooling, type Tooling } from "../tools.ts";
import type { Ask, Body, CountTokens, OpenRequest, Operation } from "../../types.ts";

/** The provider adds about so many tokens to each message (with its role), and to the answer. @see OpenAI cookbook, "How to count tokens with tiktoken" */
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
    return { facts, ask: () => askOf(json.whole(), facts) };
  },
};

function chatFacts(json: JsonBody, { body, count, model: elsewhere }: OpenRequest): Facts {
  const model = json.member("model") ?? elsewhere;
  let promptTokens: number | undefined;
  return {
    model: typeof model === "string" ? model : undefined,
    stream: json.member("stream") === true,
    promptTokens: () => (promptTokens ??= countPrompt(json, body, count)),
    lastUserMessage: () => lastUserText(json.whole()),
  };
}

/** Marks of images, sound and files: a large body without them is text, and its size tells enough. */
const mediaMark = /"(?:image_url|input_audio|file_data)"/;

function countPrompt(json: JsonBody, body: Body, count: CountTokens): number {
  const isLarge = json.sizeBytes > countWithinBytes;
  if (isLarge && !mediaMark.test(body.text())) return estimateBySize(json.sizeBytes);
  const { messages, tools, functions } = json.whole();
  const countText = isLarge ? (text: string): number => estimateBySize(text.length) : count;
  let tokens = tokensForReply;
  if (Array.isArray(messages)) {
    for (const message of messages as readonly unknown[]) tokens += tokensPerMessage + countMessage(message, countText);
  }
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

function askOf(body: JsonObject, facts: Facts): Ask {
  const model = readModel(body, facts.model);
  checkMessages(body);
  checkSampling(body);
  checkOptions(body);
  const topLogprobs = readTopLogprobs(body);
  const tooling = readTooling(body);
  const choices = readInteger(body, "n", 1, maxChoices) ?? 1;
  const stops = readStop(body);
  const streaming = readStreaming(body);
  const maxTokens = readLimit(body, model);
  const serviceTier = readServiceTier(body, tiers);
  const promptTokens = facts.promptTokens();
  const audioTokens = audioIn(body);
  const compose = composeOf(body, model, tooling);
  const isPlain = choices === 1 && compose === undefined && topLogprobs === undefined;
  const weight = choices * weightOf(topLogprobs);
  const ask: Ask = {
    model,
    stream: streaming.stream,
    promptTokens,
    maxTokens,
    seed: readSeed(body),
    refuses: true,
    ...(weight > 1 && { sizeOf: (tokens: number) => tokens * weight }),
    endOnly: isPlain && !streaming.stream && stops.length === 0,
    write: (script) =>
      writeChat({
        model,
        script,
        promptTokens,
        audioTokens,
        choices,
        stops,
        streaming: streamingFor(script, streaming),
        serviceTier,
        maxTokens,
        compose,
        topLogprobs,
        tooling,
      }),
  };
  return compose === undefined ? ask : { ...ask, compose };
}

/** How the answer is made where it is more than prose. */
function composeOf(body: JsonObject, model: string, tooling: Tooling | undefined): Compose | undefined {
  const json = readFormat(body);
  const share = reasoningShare(model, body, "reasoning_effort");
  if (tooling === undefined && json === undefined && share === 0) return undefined;
  const { tools, choice, parallel } = tooling ?? noTools;
  return composer({ tools, choice, parallel, answersTool: endsWithResult(body), json, reasoningShare: share });
}

const noTools: Pick<Wanted, "tools" | "choice" | "parallel"> = { tools: [], choice: "none", parallel: false };

function audioIn({ messages }: JsonObject): number {
  let tokens = 0;
  for (const message of messages as readonly JsonObject[]) {
    if (Array.isArray(message["content"])) tokens += mediaTokens(message).audio;
  }
  return tokens;
}
