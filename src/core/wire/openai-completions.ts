import { countOf, textOfKind } from "../answer.ts";
import type { Facts, Plan } from "../types.ts";
import {
  checkSampling,
  maxChoices,
  readBoolean,
  readInteger,
  readModel,
  readSeed,
  readStop,
  readStreaming,
  refuse,
  type Streaming,
} from "./check.ts";
import { openJson, type JsonObject } from "./json-body.ts";
import { inputFacts, readInputs, type Inputs } from "./openai-input.ts";
import { answerId, jsonPlan, stoppedAt, streamPlan, usageJson, type TextAnswer } from "./openai-text.ts";
import type { Ask, Operation } from "./types.ts";

/** What the provider gives when the caller sets no limit. @see https://platform.openai.com/docs/api-reference/completions */
const defaultMaxTokens = 16;
const maxBestOf = 20;
const maxLogprobs = 5;
const noPrompt: Inputs = { texts: [""], areTokens: false };
const readAhead = ["model", "stream"];

/** `POST /v1/completions`. @see https://platform.openai.com/docs/api-reference/completions */
export const completions: Operation = {
  name: "completions",
  method: "POST",
  route: "/v1/completions",
  open({ body, count }) {
    const json = openJson(body, readAhead);
    const facts = inputFacts(json, "prompt", count);
    return { facts, ask: () => askOf(json.whole(), facts) };
  },
};

type Completion = TextAnswer & {
  readonly model: string;
  readonly streaming: Streaming;
  /** The prompts, to be repeated before the text of each choice; undefined when that was not asked for. */
  readonly echo: readonly string[] | undefined;
};

function askOf(body: JsonObject, facts: Facts): Ask {
  const model = readModel(body);
  const { texts: prompts, areTokens } = body["prompt"] === null ? noPrompt : readInputs(body, "prompt");
  checkSampling(body);
  readInteger(body, "logprobs", 0, maxLogprobs);
  const perPrompt = readInteger(body, "n", 1, maxChoices) ?? 1;
  const bestOf = readInteger(body, "best_of", 1, maxBestOf) ?? perPrompt;
  if (bestOf < perPrompt)
    refuse("best_of", "invalid_value", `Invalid 'best_of': it must be at least 'n', which is ${perPrompt}.`);
  const choices = prompts.length * perPrompt;
  if (choices > maxChoices) {
    refuse(
      "prompt",
      "invalid_value",
      `Invalid 'prompt': ${prompts.length} prompts with n = ${perPrompt} make more than ${maxChoices} choices.`,
    );
  }
  const stops = readStop(body);
  const streaming = readStreaming(body);
  const echo = readBoolean(body, "echo") === true && !areTokens ? prompts : undefined;
  const promptTokens = facts.promptTokens();
  return {
    model,
    stream: streaming.stream,
    promptTokens,
    maxTokens: readInteger(body, "max_tokens", 0, Number.MAX_SAFE_INTEGER) ?? defaultMaxTokens,
    seed: readSeed(body),
    write: (script) => write({ model, script: stoppedAt(script, stops), promptTokens, choices, streaming, echo }),
  };
}

function write(answer: Completion): Plan {
  const { script, streaming, echo, choices } = answer;
  const head =
    `{"id":"${answerId("cmpl-", script.id)}","object":"text_completion","created":${script.createdSeconds},` +
    `"model":${JSON.stringify(answer.model)},"choices":[`;
  const prompt = (index: number): string => echo?.[Math.floor((index * echo.length) / choices)] ?? "";
  if (!streaming.stream) {
    const text = textOfKind(script.parts, "text");
    let list = "";
    for (let index = 0; index < choices; index += 1) {
      list += `${index === 0 ? "" : ","}${choice(index, JSON.stringify(prompt(index) + text), `"${script.finish}"`)}`;
    }
    return jsonPlan(script, countOf(script.parts) * choices, `${head}${list}],"usage":${usageJson(answer)}}`);
  }
  const tail = streaming.includeUsage ? `],"usage":null}` : "]}";
  return streamPlan(answer, {
    opening:
      echo === undefined ? undefined : (index) => head + choice(index, JSON.stringify(prompt(index)), "null") + tail,
    token: (index) => ({
      before: `${head}{"text":"`,
      after: `","index":${index},"logprobs":null,"finish_reason":null}${tail}`,
    }),
    finish: (index) => head + choice(index, `""`, `"${script.finish}"`) + tail,
    usage: streaming.includeUsage ? `${head}],"usage":${usageJson(answer)}}` : undefined,
    obfuscate: false,
  });
}

function choice(index: number, text: string, finish: string): string {
  return `{"text":${text},"index":${index},"logprobs":null,"finish_reason":${finish}}`;
}
