import { composer, plainProse } from "../../../simulator/compose.ts";
import { readConstraint, readMinTokens } from "../decoding.ts";
import type { Conversation, Facts } from "../../../types.ts";
import { checkSampling, field, maxChoices, readModel, readStop, readStreaming, refuse, seed } from "../check.ts";
import { read } from "../../shared/fields.ts";
import { conversationOf, once, stringOf } from "../../shared/conversation.ts";
import { openJson, type JsonObject } from "../../shared/json-body.ts";
import { inputFacts, readInputs, type Inputs } from "../input.ts";
import { weightOf } from "../logprobs.ts";
import { streamingFor } from "../text.ts";
import { writeCompletion } from "./response.ts";
import type { Ask, Operation } from "../../types.ts";

/** What the provider gives when the caller sets no limit. @see https://platform.openai.com/docs/api-reference/completions */
const defaultMaxTokens = 16;
const noPrompt: Inputs = { texts: [""], areTokens: false };
const members = {
  suffix: field.string("suffix"),
  logprobs: field.integer("logprobs", { min: 0, max: 5 }),
  perPrompt: field.integer("n", { min: 1, max: maxChoices }),
  bestOf: field.integer("best_of", { min: 0, max: 20 }),
  echo: field.boolean("echo"),
  maxTokens: field.integer("max_tokens", { min: 0, max: Number.MAX_SAFE_INTEGER }),
};
const readAhead = ["model", "stream"];

/** `POST /v1/completions`. @see https://platform.openai.com/docs/api-reference/completions */
export const completions: Operation = {
  name: "completions",
  method: "POST",
  route: "/v1/completions",
  open(request) {
    const json = openJson(request.body, readAhead);
    const facts = {
      ...inputFacts(json, "prompt", request),
      conversation: once(() => promptConversation(json.whole())),
    };
    return { facts, ask: () => askOf(json.whole(), facts) };
  },
};

/** A prompt is one message of the user. */
function promptConversation({ prompt }: JsonObject): Conversation {
  const prompts = Array.isArray(prompt) ? prompt : [prompt];
  return conversationOf({ turns: prompts.map((each) => ({ by: "user", text: stringOf(each) ?? "" })), toolNames: [] });
}

function askOf(body: JsonObject, facts: Facts): Ask {
  const model = readModel(body, facts.model);
  const { texts: prompts, areTokens } = body["prompt"] === null ? noPrompt : readInputs(body, "prompt");
  checkSampling(body);
  read(body, members.suffix);
  const logprobs = read(body, members.logprobs);
  const choices = readChoices(body, prompts.length);
  const stops = readStop(body);
  const streaming = readStreaming(body);
  const echo = read(body, members.echo) === true && !areTokens ? prompts : undefined;
  const promptTokens = facts.promptTokens();
  const repeated = echo === undefined ? 0 : promptTokens / prompts.length;
  const weight = choices * weightOf(logprobs);
  const maxTokens = read(body, members.maxTokens) ?? defaultMaxTokens;
  const compose = composer({ ...plainProse, json: readConstraint(body) });
  const fixed = { model, promptTokens, choices, stops, maxTokens, compose, echo, logprobs };
  return {
    model,
    stream: streaming.stream,
    promptTokens,
    maxTokens,
    minTokens: readMinTokens(body, maxTokens),
    seed: read(body, seed),
    choices,
    head: "first-token",
    ...(compose !== undefined && { compose }),
    ...((weight > 1 || repeated > 0) && { sizeOf: (tokens: number) => (repeated + tokens) * weight }),
    write: (script) => writeCompletion({ ...fixed, script, streaming: streamingFor(script, streaming) }),
  };
}

/** How many choices all prompts get together; the best of several is chosen among texts that are not shown. */
function readChoices(body: JsonObject, prompts: number): number {
  const perPrompt = read(body, members.perPrompt) ?? 1;
  const bestOf = read(body, members.bestOf) ?? perPrompt;
  if (bestOf > perPrompt && body["stream"] === true) {
    refuse("best_of", "invalid_value", "Invalid 'best_of': what is best cannot be known in a stream; use 'n' alone.");
  }
  if (bestOf > 0 && bestOf < perPrompt)
    refuse("best_of", "invalid_value", `Invalid 'best_of': it must be at least 'n', which is ${perPrompt}.`);
  const choices = prompts * perPrompt;
  if (choices > maxChoices) {
    refuse(
      "prompt",
      "invalid_value",
      `Invalid 'prompt': ${prompts} prompts with n = ${perPrompt} make more than ${maxChoices} choices.`,
    );
  }
  return choices;
}
