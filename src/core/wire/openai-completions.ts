import type { Facts, Plan } from "../types.ts";
import { checkStop, kindOf, optionalInteger, optionalNumber, readStreaming, refuse, requiredString } from "./check.ts";
import { escapeJson, openJson, type JsonBody, type JsonObject } from "./json-body.ts";
import { answerId, jsonPlan, streamPlan, usageJson, type TextAnswer } from "./openai-text.ts";
import type { Ask, CountTokens, Operation } from "./types.ts";

/** What the provider gives when the caller sets no limit. @see https://platform.openai.com/docs/api-reference/completions */
const defaultMaxTokens = 16;

/** `POST /v1/completions`. */
export const completions: Operation = {
  name: "completions",
  method: "POST",
  route: "/v1/completions",
  open({ body, count }) {
    const json = openJson(body);
    const facts = promptFacts(json, "prompt", count);
    return { facts, ask: () => askOf(json.whole(), facts) };
  },
};

/** Facts of an operation whose input is one member: a text, several texts, tokens, or several lists of tokens. */
export function promptFacts(json: JsonBody, name: string, count: CountTokens): Facts {
  const model = json.member("model");
  let promptTokens: number | undefined;
  return {
    model: typeof model === "string" ? model : undefined,
    stream: json.member("stream") === true,
    promptTokens: () => (promptTokens ??= countInput(json.member(name), count)),
    lastUserMessage() {
      const input = json.member(name);
      const last: unknown = Array.isArray(input) ? input.at(-1) : input;
      return typeof last === "string" ? last : undefined;
    },
  };
}

function countInput(input: unknown, count: CountTokens): number {
  if (typeof input === "string") return count(input);
  if (!Array.isArray(input)) return 0;
  let tokens = 0;
  for (const each of input as unknown[]) tokens += typeof each === "number" ? 1 : countInput(each, count);
  return tokens;
}

/** Refuses an input that is neither text nor tokens, nor several of them. */
export function checkInput(body: JsonObject, param: string): void {
  const input = body[param];
  if (input === undefined) refuse(param, `Missing required parameter: '${param}'.`);
  if (typeof input === "string") return;
  const wanted = "a string, an array of strings, an array of tokens or an array of token arrays";
  if (!Array.isArray(input)) refuse(param, `Invalid type for '${param}': expected ${wanted}, but got ${kindOf(input)} instead.`);
  const list: unknown[] = input as unknown[];
  if (list.length === 0) refuse(param, `Invalid '${param}': the array is empty.`);
  const tokens = (value: unknown) => Array.isArray(value) && value.every((token) => Number.isInteger(token));
  const same = list.every((each) => typeof each === "string") || tokens(list) || list.every(tokens);
  if (!same) refuse(param, `Invalid type for '${param}': expected ${wanted}.`);
}

function askOf(body: JsonObject, facts: Facts): Ask {
  const model = requiredString(body, "model");
  checkInput(body, "prompt");
  optionalNumber(body, "temperature", 0, 2);
  optionalNumber(body, "top_p", 0, 1);
  checkStop(body);
  const { stream, includeUsage } = readStreaming(body);
  const choices = optionalInteger(body, "n", 1, 128) ?? 1;
  const promptTokens = facts.promptTokens();
  return {
    model,
    stream,
    promptTokens,
    maxTokens: optionalInteger(body, "max_tokens", 1, Number.MAX_SAFE_INTEGER) ?? defaultMaxTokens,
    seed: optionalInteger(body, "seed", Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    write: (script) => write(model, stream, { script, promptTokens, choices, includeUsage }),
  };
}

function write(model: string, stream: boolean, answer: TextAnswer): Plan {
  const { script } = answer;
  const head =
    `{"id":"${answerId("cmpl-", script.id)}","object":"text_completion","created":${script.createdSeconds},` +
    `"model":"${escapeJson(model)}","choices":[`;
  if (!stream) {
    const text = JSON.stringify(script.tokens.join(""));
    const choices = Array.from({ length: answer.choices }, (_, choice) => choiceJson(choice, text, `"${script.finish}"`));
    return jsonPlan(script, script.tokens.length * answer.choices, `${head}${choices.join(",")}],"usage":${usageJson(answer)}}`);
  }
  const tail = answer.includeUsage ? `],"usage":null}` : "]}";
  return streamPlan(answer, {
    opening: undefined,
    token: (choice, text) => head + choiceJson(choice, `"${escapeJson(text)}"`, "null") + tail,
    finish: (choice) => head + choiceJson(choice, `""`, `"${script.finish}"`) + tail,
    usage: () => `${head}],"usage":${usageJson(answer)}}`,
  });
}

function choiceJson(choice: number, text: string, finish: string): string {
  return `{"text":${text},"index":${choice},"logprobs":null,"finish_reason":${finish}}`;
}
