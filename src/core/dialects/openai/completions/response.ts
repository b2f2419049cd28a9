import { countOf, textOfKind, tokensOf, type Compose } from "../../../simulator/parts.ts";
import { splitTokens } from "../../../simulator/tokens.ts";
import type { Plan } from "../../../types.ts";
import type { Streaming } from "../check.ts";
import {
  choicesOf,
  filled,
  scriptFor,
  templateOf,
  tokensIn,
  tracksPlan,
  type Said,
  type Template,
  type TokenEvent,
  type Track,
  type Weighed,
} from "../choices.ts";
import { createWeigher, type Likely, type Weighing } from "../logprobs.ts";
import { choicesId, endOf, jsonPlan, startOf, streamPlan, usageJson } from "../text.ts";
import { stopAt } from "../../shared/stop.ts";
import type { ChoiceStart } from "../../relative.ts";
import type { Script } from "../../types.ts";

/** A completion to be written, as a whole or as a stream. */
export type Completion = {
  readonly script: Script;
  readonly model: string;
  readonly promptTokens: number;
  /** Of all prompts together; each prompt has as many as the others. */
  readonly choices: number;
  readonly stops: readonly string[];
  readonly maxTokens: number;
  /** How each text is made where it is no prose. */
  readonly compose: Compose | undefined;
  readonly streaming: Streaming;
  /** The prompts, to be repeated before the text of each choice; undefined when that was not asked for. */
  readonly echo: readonly string[] | undefined;
  /** How many of the most likely tokens are told for each, 0 to 5; undefined when nothing is. */
  readonly logprobs: number | undefined;
};

/**
 * Writes a completion.
 *
 * @see the OpenAI document, CreateCompletionResponse
 */
export function writeCompletion(completion: Completion): Plan {
  const { script, choices, logprobs } = completion;
  const head =
    `{"id":"${choicesId("cmpl-", script)}","object":"text_completion","created":${script.createdSeconds},` +
    `"model":${JSON.stringify(completion.model)},"choices":[`;
  if (choices > 1 || logprobs !== undefined) return writeChoices(completion, head);
  const stopped = stopAt(script, completion.stops).script;
  return completion.streaming.stream ? streamed(completion, stopped, head) : whole(completion, stopped, head);
}

function whole(completion: Completion, script: Script, head: string): Plan {
  const text = (completion.echo?.[0] ?? "") + textOfKind(script.parts, "text");
  const choice = choiceJson({ start: startOf(script).said, index: 0, text, finish: `"${script.finish}"` });
  const tokens = countOf(script.parts);
  return jsonPlan(script, tokens, head + choice + endOf(script, usageOf(completion, tokens)));
}

function streamed(completion: Completion, script: Script, head: string): Plan {
  const { echo, streaming } = completion;
  const index = 0;
  return streamPlan(script, endingOf(completion, head, countOf(script.parts)), () => {
    const tail = tailOf(streaming);
    const { said, other: start } = startOf(script);
    const chunk = (text: string, finish: string): string => head + choiceJson({ start, index, text, finish }) + tail;
    return {
      opening: echo === undefined ? undefined : chunk(echo[0]!, "null"),
      token: { before: `${head}{${said}"text":"`, after: `","index":0,"logprobs":null,"finish_reason":null}${tail}` },
      finish: () => chunk("", `"${script.finish}"`),
    };
  });
}

type Choice = {
  /** Members before all others. */
  readonly start: string;
  readonly index: number;
  readonly text: string;
  /** JSON. */
  readonly finish: string;
  readonly logprobs?: string;
};

function choiceJson({ start, index, text, finish, logprobs = "null" }: Choice): string {
  return `{${start}"text":${JSON.stringify(text)},"index":${index},"logprobs":${logprobs},"finish_reason":${finish}}`;
}

function tailOf({ includeUsage }: Streaming): string {
  return includeUsage ? `],"usage":null}` : "]}";
}

function endingOf(completion: Completion, head: string, tokens: number) {
  const { includeUsage } = completion.streaming;
  const usage = (): string => `${head}],"usage":${usageOf(completion, tokens)}}`;
  return { usage: includeUsage ? usage : undefined, obfuscate: false };
}

function usageOf({ script, promptTokens }: Completion, tokens: number): string {
  return usageJson(script, { prompt: promptTokens, audio: 0, completion: tokens, reasoning: 0 });
}

/** One choice with what stands before it. */
type Writing = {
  readonly index: number;
  readonly said: Said;
  readonly prompt: Prompt | undefined;
  /** How likely the tokens that are said were; undefined when that is not told. */
  readonly likely: Weighing | undefined;
  readonly start: ChoiceStart;
};

/** A prompt to be repeated, and how likely its tokens were. */
type Prompt = { readonly text: string; readonly likely: () => readonly Likely[] };

/** Several choices, or logprobs. */
function writeChoices(completion: Completion, head: string): Plan {
  const { echo, logprobs, streaming } = completion;
  const choices = choicesOf(completion.script, completion);
  const script = scriptFor(completion.script, choices);
  const weigher = logprobs === undefined ? undefined : createWeigher(script.rng, logprobs);
  const prompts = echo?.map((text) => promptOf(text, weigher));
  const writings = choices.map((said, index): Writing => ({
    index,
    said,
    prompt: prompts?.[Math.floor((index * prompts.length) / choices.length)],
    likely: weigher?.(countOf(said.parts)),
    start: startOf(script),
  }));
  const tokens = tokensIn(choices);
  if (streaming.stream) {
    const tail = tailOf(streaming);
    const tracks = (): Track[] => writings.map((writing) => trackOf(writing, head, tail));
    return tracksPlan(script, tracks, endingOf(completion, head, tokens));
  }
  const list = writings.map(wholeChoice).join(",");
  return jsonPlan(script, tokens, head + list + endOf(script, usageOf(completion, tokens)));
}

function promptOf(text: string, weigher: ((tokens: number) => Weighing) | undefined): Prompt {
  if (weigher === undefined) return { text, likely: () => [] };
  const weighing = weigher(splitTokens(text).length);
  return { text, likely: () => splitTokens(text).map(weighing()) };
}

function wholeChoice({ index, said, prompt, likely, start }: Writing): string {
  const text = (prompt?.text ?? "") + textOfKind(said.parts, "text");
  const all = (begin: Weighing): Likely[] => [...(prompt?.likely() ?? []), ...Array.from(spoken(said), begin())];
  const logprobs = likely === undefined ? "null" : logprobsJson(all(likely), 0);
  return choiceJson({ start: start.said, index, text, finish: `"${said.finish}"`, logprobs });
}

function* spoken({ parts }: Said): Generator<string, undefined> {
  for (const part of parts) yield* tokensOf(part);
}

function trackOf(writing: Writing, head: string, tail: string): Track {
  const { index, said, prompt, likely, start } = writing;
  const chunk = (text: string, finish: string, logprobs = "null"): string =>
    head + choiceJson({ start: start.other, index, text, finish, logprobs }) + tail;
  const opening = ({ text, likely: ofPrompt }: Prompt): string =>
    chunk(text, "null", likely === undefined ? "null" : logprobsJson(ofPrompt(), 0));
  return {
    opening: () => (prompt === undefined ? undefined : opening(prompt)),
    tokens: countOf(said.parts),
    hidden: 0,
    events: () => eventsOf(writing, head, tail),
    finish: () => chunk("", `"${said.finish}"`),
  };
}

function* eventsOf(writing: Writing, head: string, tail: string): Generator<TokenEvent, undefined> {
  const { index, said, prompt, likely, start } = writing;
  const template = (logprobs: string) =>
    templateOf(
      `${head}{${start.said}"text":"`,
      `","index":${index},"logprobs":${logprobs},"finish_reason":null}${tail}`,
    );
  const weigh = likely?.();
  const plain = template("null");
  let offset = prompt?.text.length ?? 0;
  for (const token of spoken(said)) {
    if (weigh === undefined) yield filled(plain, token);
    else yield weighedEvent(token, [weigh(token)], { of: said, offset, template });
    offset += token.length;
  }
}

type Offset = { readonly of: Said; readonly offset: number; template(logprobs: string): Template };

/** The event of some tokens, of which the first stands at `at.offset` of the text. */
function weighedEvent(text: string, likely: readonly Likely[], at: Offset): TokenEvent {
  const write: Weighed["write"] = (more, all) => weighedEvent(more, all, at);
  const event = filled(at.template(logprobsJson(likely, at.offset)), text);
  return { ...event, tokens: likely.length, weighed: { of: at.of, text, likely, write } };
}

/** @param offset of the first token in the text, in characters */
function logprobsJson(likely: readonly Likely[], offset: number): string {
  let at = offset;
  const offsets = likely.map(({ token }) => (at += token.length) - token.length);
  const tops = likely.map(({ token, logprob, top }) => {
    const chances = top.length === 0 ? [{ token, logprob }] : top;
    return `{${chances.map((chance) => `${JSON.stringify(chance.token)}:${chance.logprob}`).join(",")}}`;
  });
  return (
    `{"tokens":${JSON.stringify(likely.map(({ token }) => token))},"token_logprobs":[${likely.map(({ logprob }) => logprob).join(",")}],` +
    `"top_logprobs":[${tops.join(",")}],"text_offset":[${offsets.join(",")}]}`
  );
}
