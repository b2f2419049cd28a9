import type { Facts } from "../types.ts";
import {
  checkSampling,
  checkText,
  maxChoices,
  readBoolean,
  readInteger,
  readModel,
  readObject,
  readSeed,
  readStop,
  readStreaming,
  refuse,
  refuseType,
} from "./check.ts";
import { isObject, openJson, type JsonBody, type JsonObject } from "./json-body.ts";
import { checkMessages, lastUserText, textOf } from "./openai-messages.ts";
import { writeChat } from "./openai-chat-answer.ts";
import { countWithinBytes, estimateBySize } from "./openai-text.ts";
import type { Ask, CountTokens, Operation } from "./types.ts";

/** The provider adds about so many tokens to each message (with its role), and to the answer. @see OpenAI cookbook, "How to count tokens with tiktoken" */
const tokensPerMessage = 4;
const tokensForReply = 3;
const readAhead = ["model", "stream"];

/** `POST /v1/chat/completions`. @see https://platform.openai.com/docs/api-reference/chat */
export const chat: Operation = {
  name: "chat",
  method: "POST",
  route: "/v1/chat/completions",
  open({ body, count }) {
    const json = openJson(body, readAhead);
    const facts = chatFacts(json, count);
    return { facts, ask: () => askOf(json.whole(), facts) };
  },
};

function chatFacts(json: JsonBody, count: CountTokens): Facts {
  const model = json.member("model");
  let promptTokens: number | undefined;
  return {
    model: typeof model === "string" ? model : undefined,
    stream: json.member("stream") === true,
    promptTokens: () => (promptTokens ??= countPrompt(json, count)),
    lastUserMessage: () => lastUserText(json.whole()),
  };
}

function countPrompt(json: JsonBody, count: CountTokens): number {
  if (json.sizeBytes > countWithinBytes) return estimateBySize(json.sizeBytes);
  const { messages, tools } = json.whole();
  let tokens = tokensForReply;
  if (Array.isArray(messages)) {
    for (const message of messages as readonly unknown[])
      tokens += tokensPerMessage + (isObject(message) ? count(textOf(message)) : 0);
  }
  return tools === undefined || tools === null ? tokens : tokens + count(JSON.stringify(tools));
}

function askOf(body: JsonObject, facts: Facts): Ask {
  const model = readModel(body);
  checkMessages(body);
  checkSampling(body);
  checkLogprobs(body);
  checkTools(body);
  const choices = readInteger(body, "n", 1, maxChoices) ?? 1;
  const stops = readStop(body);
  const streaming = readStreaming(body);
  const oldLimit = readInteger(body, "max_tokens", 1, Number.MAX_SAFE_INTEGER);
  const newLimit = readInteger(body, "max_completion_tokens", 1, Number.MAX_SAFE_INTEGER);
  const promptTokens = facts.promptTokens();
  return {
    model,
    stream: streaming.stream,
    promptTokens,
    maxTokens: newLimit ?? oldLimit,
    seed: readSeed(body),
    write: (script) => writeChat({ model, script, promptTokens, choices, stops, streaming }),
  };
}

const maxTopLogprobs = 20;

function checkLogprobs(body: JsonObject): void {
  const logprobs = readBoolean(body, "logprobs") ?? false;
  const top = readInteger(body, "top_logprobs", 0, maxTopLogprobs);
  if (top === undefined || logprobs) return;
  refuse("top_logprobs", "invalid_value", "The parameter 'top_logprobs' is only allowed when 'logprobs' is true.");
}

/** Only the types are checked: tools and formats do not change the answer. */
function checkTools(body: JsonObject): void {
  const { tools, tool_choice: choice } = body;
  if (tools !== undefined && tools !== null && !Array.isArray(tools)) refuseType("tools", "an array of objects", tools);
  if (choice !== undefined && choice !== null && typeof choice !== "string" && !isObject(choice)) {
    refuseType("tool_choice", "a string or an object", choice);
  }
  readBoolean(body, "parallel_tool_calls");
  readBoolean(body, "store");
  readObject(body, "response_format");
  readObject(body, "metadata");
  checkText(body, "reasoning_effort");
  checkText(body, "service_tier");
}
