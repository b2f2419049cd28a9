import type { Facts, Plan } from "../types.ts";
import { checkStop, kindOf, optionalInteger, optionalNumber, readStreaming, refuse, requiredArray, requiredString } from "./check.ts";
import { escapeJson, isObject, openJson, type JsonBody, type JsonObject } from "./json-body.ts";
import { answerId, jsonPlan, streamPlan, usageJson, type TextAnswer } from "./openai-text.ts";
import type { Ask, CountTokens, Operation } from "./types.ts";

const roles = ["system", "developer", "user", "assistant", "tool", "function"];
/** The provider adds about so many tokens to each message, and to the answer. @see OpenAI cookbook, "How to count tokens" */
const tokensPerMessage = 3;
const tokensForReply = 3;
/** Above this the prompt is counted by its size: about four bytes a token. */
const countedUpToBytes = 64 * 1024;
const bytesPerToken = 4;
const fingerprint = "fp_stuntdouble";

/** `POST /v1/chat/completions`. @see https://platform.openai.com/docs/api-reference/chat */
export const chat: Operation = {
  name: "chat",
  method: "POST",
  route: "/v1/chat/completions",
  open({ body, count }) {
    const json = openJson(body);
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
    lastUserMessage: () => lastUserMessage(json.member("messages")),
  };
}

function countPrompt(json: JsonBody, count: CountTokens): number {
  const bytes = json.memberBytes("messages");
  if (bytes > countedUpToBytes) return Math.ceil(bytes / bytesPerToken);
  const messages = json.member("messages");
  if (!Array.isArray(messages)) return 0;
  let tokens = tokensForReply;
  for (const message of messages as unknown[]) tokens += tokensPerMessage + count(textOf(message)) + 1;
  const tools = json.member("tools");
  return tools === undefined ? tokens : tokens + count(JSON.stringify(tools));
}

/** The text of a message: its content, or the text parts of it. */
function textOf(message: unknown): string {
  if (!isObject(message)) return "";
  const { content } = message;
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  const parts = content.filter((part): part is JsonObject => isObject(part));
  return parts.map((part) => (typeof part["text"] === "string" ? part["text"] : "")).join("\n");
}

function lastUserMessage(messages: unknown): string | undefined {
  if (!Array.isArray(messages)) return undefined;
  const last: unknown = messages.findLast((message: unknown) => isObject(message) && message["role"] === "user");
  return last === undefined ? undefined : textOf(last);
}

function askOf(body: JsonObject, facts: Facts): Ask {
  const model = requiredString(body, "model");
  const messages = requiredArray(body, "messages", "objects");
  for (const [index, message] of messages.entries()) checkMessage(message, `messages[${index}]`);
  optionalNumber(body, "temperature", 0, 2);
  optionalNumber(body, "top_p", 0, 1);
  optionalNumber(body, "presence_penalty", -2, 2);
  optionalNumber(body, "frequency_penalty", -2, 2);
  checkStop(body);
  const choices = optionalInteger(body, "n", 1, 128) ?? 1;
  const { stream, includeUsage } = readStreaming(body);
  const newLimit = optionalInteger(body, "max_completion_tokens", 1, Number.MAX_SAFE_INTEGER);
  const oldLimit = optionalInteger(body, "max_tokens", 1, Number.MAX_SAFE_INTEGER);
  const promptTokens = facts.promptTokens();
  return {
    model,
    stream,
    promptTokens,
    maxTokens: newLimit ?? oldLimit,
    seed: optionalInteger(body, "seed", Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    write: (script) => write(model, stream, { script, promptTokens, choices, includeUsage }),
  };
}

function checkMessage(message: unknown, path: string): void {
  if (!isObject(message)) {
    return refuse(path, `Invalid type for '${path}': expected an object, but got ${kindOf(message)} instead.`);
  }
  const { role, content } = message;
  if (role === undefined) return refuse(`${path}.role`, `Missing required parameter: '${path}.role'.`);
  if (typeof role !== "string" || !roles.includes(role)) {
    return refuse(`${path}.role`, `Invalid value for '${path}.role': supported values are ${roles.map((each) => `'${each}'`).join(", ")}.`);
  }
  const mayBeEmpty = role === "assistant" || role === "function";
  if ((content === undefined || content === null) && mayBeEmpty) return;
  if (content === undefined) return refuse(`${path}.content`, `Missing required parameter: '${path}.content'.`);
  if (typeof content === "string") return;
  if (!Array.isArray(content)) {
    return refuse(`${path}.content`, `Invalid type for '${path}.content': expected a string or an array of objects, but got ${kindOf(content)} instead.`);
  }
  for (const [index, part] of content.entries()) {
    const type: unknown = isObject(part) ? part["type"] : undefined;
    if (typeof type !== "string") refuse(`${path}.content[${index}].type`, `Missing required parameter: '${path}.content[${index}].type'.`);
  }
}

function write(model: string, stream: boolean, answer: TextAnswer): Plan {
  const { script } = answer;
  const id = answerId("chatcmpl-", script.id);
  const common = `"created":${script.createdSeconds},"model":"${escapeJson(model)}","service_tier":"default","system_fingerprint":"${fingerprint}"`;
  if (!stream) return jsonPlan(script, script.tokens.length * answer.choices, wholeJson(id, common, answer));
  const head = `{"id":"${id}","object":"chat.completion.chunk",${common},"choices":[`;
  const tail = answer.includeUsage ? `],"usage":null}` : "]}";
  const chunk = (choice: number, delta: string, finish: string) =>
    `${head}{"index":${choice},"delta":${delta},"logprobs":null,"finish_reason":${finish}}${tail}`;
  const betweenTokens = `"},"logprobs":null,"finish_reason":null}${tail}`;
  return streamPlan(answer, {
    opening: (choice) => chunk(choice, `{"role":"assistant","content":"","refusal":null}`, "null"),
    token: (choice, text) => `${head}{"index":${choice},"delta":{"content":"${escapeJson(text)}${betweenTokens}`,
    finish: (choice) => chunk(choice, "{}", `"${script.finish}"`),
    usage: () => `${head}],"usage":${usageJson(answer)}}`,
  });
}

function wholeJson(id: string, common: string, answer: TextAnswer): string {
  const { script } = answer;
  const text = JSON.stringify(script.tokens.join(""));
  let choices = "";
  for (let choice = 0; choice < answer.choices; choice += 1) {
    choices +=
      `${choice === 0 ? "" : ","}{"index":${choice},"message":{"role":"assistant","content":${text},"refusal":null,"annotations":[]},` +
      `"logprobs":null,"finish_reason":"${script.finish}"}`;
  }
  return `{"id":"${id}","object":"chat.completion",${common},"choices":[${choices}],"usage":${usageJson(answer)}}`;
}
