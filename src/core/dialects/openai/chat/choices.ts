import { countOf, sizeOf, textOfKind, tokensOf, type Part } from "../../../simulator/parts.ts";
import type { Plan } from "../../../types.ts";
import type { ChatResponse } from "./types.ts";
import {
  choicesOf,
  filled,
  hiddenFirst,
  scriptFor,
  templateOf,
  tokensIn,
  tracksPlan,
  type Said,
  type Template,
  type TokenEvent,
  type Track,
} from "../choices.ts";
import { createWeigher, likelyJson, type Likely, type Weighing } from "../logprobs.ts";
import { choicesId, inOnePiece, responseId, jsonPlan, startOf, usageJson } from "../text.ts";
import { tailsOf, wholeEnd, type Tails } from "./tails.ts";
import type { Tooling } from "../tools.ts";
import type { ChoiceStart } from "../../relative.ts";

/** What writing one choice needs. */
type Writing = {
  readonly index: number;
  readonly said: Said;
  readonly requestId: string;
  readonly tooling: Tooling | undefined;
  readonly start: ChoiceStart;
  /** The member that reasoning is told in; undefined where it is not. */
  readonly reasoning: string | undefined;
  /** Whether a call is told in one chunk. */
  readonly callsWhole: boolean;
  /** The logprobs of the tokens that are said, for each part; undefined when they are not told. */
  readonly likely: ReadonlyMap<Part, Weighing> | undefined;
};

/**
 * Writes a chat completion of any kind: several choices, tool calls, logprobs, a refusal, reasoning that is not shown.
 *
 * @param common members that all chunks and the whole response have
 */
export function writeChoices(response: ChatResponse, common: string): Plan {
  const { streaming, topLogprobs } = response;
  const choices = choicesOf(response.script, response);
  const script = scriptFor(response.script, choices);
  const weigher = topLogprobs === undefined ? undefined : createWeigher(script.rng, topLogprobs);
  const writings = choices.map((said, index): Writing => ({
    index,
    said,
    requestId: script.id,
    tooling: response.tooling,
    start: startOf(script),
    reasoning: script.relative?.chat?.reasoning,
    callsWhole: script.relative?.chat?.callsWhole === true,
    likely: weigher === undefined ? undefined : weighed(said, weigher),
  }));
  const tokens = tokensIn(choices);
  const usage = (): string =>
    usageJson(script, {
      prompt: response.promptTokens,
      audio: response.audioTokens,
      completion: tokens,
      reasoning: tokensIn(choices, "reasoning"),
    });
  const id = choicesId("chatcmpl-", script);
  if (!streaming.stream) {
    const list = writings.map(choiceJson).join(",");
    const body = `{"id":"${id}","object":"chat.completion",${common},"choices":[${list}${wholeEnd(script, usage())}`;
    return jsonPlan(script, tokens, body);
  }
  const { includeUsage, obfuscate } = streaming;
  const head = inOnePiece(`{"id":"`, id, `","object":"chat.completion.chunk",`, common, `,"choices":[`);
  const tails = tailsOf({ script, head, includeUsage, choices: choices.length }, usage);
  const ending = { usage: tails.usage, obfuscate };
  return tracksPlan(script, () => writings.map((writing) => trackOf(writing, head, tails)), ending);
}

function weighed({ parts }: Said, weigher: (tokens: number) => Weighing): ReadonlyMap<Part, Weighing> {
  const told = parts.filter(({ kind }) => kind === "text" || kind === "refusal");
  return new Map(told.map((part) => [part, weigher(sizeOf(part))]));
}

function has(said: Said, kind: Part["kind"]): boolean {
  return said.parts.some((part) => part.kind === kind);
}

function finishOf({ said, tooling }: Writing): string {
  if (said.finish === "length" || !has(said, "call")) return said.finish;
  return tooling?.style === "functions" ? "function_call" : "tool_calls";
}

/** Where only tools are called, or all is refused, there is no content; where nothing was left to say, it is empty. */
function hasContent(said: Said): boolean {
  return has(said, "text") || !(has(said, "call") || has(said, "refusal"));
}

function choiceJson(writing: Writing): string {
  const { index, said, likely, start } = writing;
  const content = hasContent(said) ? JSON.stringify(textOfKind(said.parts, "text")) : "null";
  const refusal = has(said, "refusal") ? JSON.stringify(textOfKind(said.parts, "refusal")) : "null";
  const message = `{"role":"assistant","content":${content}${reasoningJson(writing)},"refusal":${refusal}${callsJson(writing)},"annotations":[]}`;
  const logprobs =
    likely === undefined ? "null" : logprobsJson(listOf(said, likely, "text"), listOf(said, likely, "refusal"));
  return `{${start.said}"index":${index},"message":${message},"logprobs":${logprobs},"finish_reason":"${finishOf(writing)}"}`;
}

function reasoningJson({ said, reasoning }: Writing): string {
  if (reasoning === undefined || !has(said, "reasoning")) return "";
  return `,"${reasoning}":${JSON.stringify(textOfKind(said.parts, "reasoning"))}`;
}

function listOf({ parts }: Said, likely: ReadonlyMap<Part, Weighing>, kind: Part["kind"]): readonly string[] {
  return parts
    .filter((part) => part.kind === kind)
    .flatMap((part) => {
      const weigh = likely.get(part)?.();
      return weigh === undefined ? [] : part.tokens.map((token) => likelyJson(weigh(token)));
    });
}

function logprobsJson(content: readonly string[], refusal: readonly string[]): string {
  if (content.length === 0 && refusal.length === 0) return "null";
  const list = (of: readonly string[]): string => (of.length === 0 ? "null" : `[${of.join(",")}]`);
  return `{"content":${list(content)},"refusal":${list(refusal)}}`;
}

function callsJson({ index, said, requestId, tooling }: Writing): string {
  const calls = said.parts.filter(({ kind }) => kind === "call");
  if (calls.length === 0) return "";
  if (tooling?.style === "functions") {
    const [call] = calls;
    return `,"function_call":{"name":${JSON.stringify(call!.name)},"arguments":${JSON.stringify(call!.text)}}`;
  }
  const list = calls.map((call, at) => {
    const { type, input } = formOf(call, tooling);
    const inner = `{"name":${JSON.stringify(call.name)},"${input}":${JSON.stringify(call.text)}}`;
    const id = call.id ?? callId(requestId, index, at);
    return `{"id":${JSON.stringify(id)},"type":"${type}","${type}":${inner}}`;
  });
  return `,"tool_calls":[${list.join(",")}]`;
}

/** What a call is, and what its input is called. */
function formOf({ name }: Part, tooling: Tooling | undefined): { readonly type: string; readonly input: string } {
  const isCustom = name !== undefined && tooling?.custom.has(name) === true;
  return isCustom ? { type: "custom", input: "input" } : { type: "function", input: "arguments" };
}

/** `call_` and 24 characters. */
const callIdChars = 29;

function callId(requestId: string, choice: number, at: number): string {
  return responseId("call_", `${requestId} ${choice} ${at}`).slice(0, callIdChars);
}

/** A choice with what stands around what it says in its chunks. */
type Placed = Writing & { readonly head: string; readonly place: string; readonly tail: string };

/** The events of one choice, between the head and the tail of every chunk. */
function trackOf(writing: Writing, head: string, tails: Tails): Track {
  const { index, said, reasoning } = writing;
  const placed: Placed = { ...writing, head, place: `"index":${index},"delta":`, tail: tails.usual };
  const content = hasContent(said) ? `""` : "null";
  const first = { ...placed, tail: index === 0 ? tails.first : tails.usual };
  return {
    opening: () => chunk(first, `{"role":"assistant","content":${content},"refusal":null}`),
    tokens: countOf(said.parts),
    hidden: reasoning === undefined ? hiddenFirst(said) : 0,
    events: () => eventsOf(placed),
    finish: () => chunk({ ...placed, tail: tails.finish() }, "{}", `"${finishOf(writing)}"`),
  };
}

/** An event that carries no token. */
function chunk({ start, head, place, tail }: Placed, delta: string, finish = "null"): string {
  return `${head}{${start.other}${place}${delta},"logprobs":null,"finish_reason":${finish}}${tail}`;
}

/** The event of a token. @param delta what stands before and after it */
function templateIn({ start, head, place, tail }: Placed, { before, after }: Template, logprobs = "null"): Template {
  return templateOf(
    `${head}{${start.said}${place}${before}`,
    `${after},"logprobs":${logprobs},"finish_reason":null}${tail}`,
  );
}

function* eventsOf(placed: Placed): Generator<TokenEvent | undefined, undefined> {
  let calls = 0;
  for (const part of placed.said.parts) {
    if (part.kind === "reasoning" && placed.reasoning !== undefined) {
      yield* filledEvents(part, templateIn(placed, { before: `{"${placed.reasoning}":"`, after: `"}` }));
    } else if (part.kind === "reasoning") {
      for (let left = sizeOf(part); left > 0; left -= 1) yield undefined;
    } else if (part.kind === "call") {
      yield* callEvents(part, placed, calls);
      calls += 1;
    } else yield* spokenEvents(part, placed);
  }
}

/** The events of a call; its name goes before the first, or all is told with the last token. @param at which of the calls it is */
function* callEvents(part: Part, placed: Placed, at: number): Generator<TokenEvent | undefined, undefined> {
  const { named, before, after } = callDeltas(part, placed, at);
  if (placed.callsWhole) return yield* wholeEvents(part, templateIn(placed, { before: named, after }));
  const piece = templateIn(placed, { before, after });
  let first = true;
  for (const token of tokensOf(part)) {
    const event = filled(piece, token);
    yield first ? { ...event, before: chunk(placed, named + after) } : event;
    first = false;
  }
}

function* wholeEvents(part: Part, piece: Template): Generator<TokenEvent | undefined, undefined> {
  const tokens = sizeOf(part);
  for (let left = tokens; left > 1; left -= 1) yield undefined;
  if (tokens > 0) yield { ...filled(piece, part.text), tokens };
}

/** The events of a text or a refusal, with logprobs where they are told. */
function* spokenEvents(part: Part, placed: Placed): Generator<TokenEvent, undefined> {
  const isText = part.kind === "text";
  const delta = { before: isText ? `{"content":"` : `{"refusal":"`, after: `"}` };
  const weigh = placed.likely?.get(part)?.();
  if (weigh === undefined) {
    return yield* filledEvents(part, templateIn(placed, delta));
  }
  const write = (text: string, likely: readonly Likely[]): TokenEvent => {
    const told = likely.map(likelyJson);
    const logprobs = isText ? logprobsJson(told, []) : logprobsJson([], told);
    const event = filled(templateIn(placed, delta, logprobs), text);
    return { ...event, tokens: likely.length, weighed: { of: part, text, likely, write } };
  };
  for (const token of tokensOf(part)) yield write(token, [weigh(token)]);
}

function* filledEvents(part: Part, piece: Template): Generator<TokenEvent, undefined> {
  for (const token of tokensOf(part)) yield filled(piece, token);
}

/** The deltas of one call: the first begins by naming the tool, each further one has a piece of its input between two texts. */
function callDeltas(
  part: Part,
  { index, requestId, tooling }: Writing,
  at: number,
): Template & { readonly named: string } {
  const name = JSON.stringify(part.name);
  if (tooling?.style === "functions") {
    const named = `{"function_call":{"name":${name},"arguments":"`;
    return { named, before: `{"function_call":{"arguments":"`, after: `"}}` };
  }
  const { type, input } = formOf(part, tooling);
  const start = `{"tool_calls":[{"index":${at}`;
  const id = JSON.stringify(part.id ?? callId(requestId, index, at));
  return {
    named: `${start},"id":${id},"type":"${type}","${type}":{"name":${name},"${input}":"`,
    before: `${start},"${type}":{"${input}":"`,
    after: `"}}]}`,
  };
}
