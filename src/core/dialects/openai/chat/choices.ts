import { textOfKind, type Part } from "../../../simulator/parts.ts";
import type { Plan } from "../../../types.ts";
import type { ChatResponse } from "./types.ts";
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
} from "../choices.ts";
import { createWeigh, likelyJson, type Weigh } from "../logprobs.ts";
import { choicesId, responseId, endOf, jsonPlan, startOf, usageJson } from "../text.ts";
import type { Tooling } from "../tools.ts";
import type { ChoiceStart } from "../../types.ts";

/** What writing one choice needs. */
type Writing = {
  readonly index: number;
  readonly said: Said;
  readonly requestId: string;
  readonly tooling: Tooling | undefined;
  readonly start: ChoiceStart;
  /** The logprobs of the tokens that are said, for each part; undefined when they are not told. */
  readonly likely: ReadonlyMap<Part, readonly string[]> | undefined;
};

/**
 * Writes a chat completion of any kind: several choices, tool calls, logprobs, a refusal, reasoning that is not shown.
 *
 * @param common members that all chunks and the whole response have
 */
export function writeChoices(answer: ChatResponse, common: string): Plan {
  const { streaming, topLogprobs } = answer;
  const choices = choicesOf(answer.script, answer);
  const script = scriptFor(answer.script, choices);
  const weigh = topLogprobs === undefined ? undefined : createWeigh(script.rng, topLogprobs);
  const writings = choices.map((said, index): Writing => ({
    index,
    said,
    requestId: script.id,
    tooling: answer.tooling,
    start: startOf(script),
    likely: weigh === undefined ? undefined : weighed(said, weigh),
  }));
  const tokens = tokensIn(choices);
  const usage = usageJson({
    prompt: answer.promptTokens,
    audio: answer.audioTokens,
    completion: tokens,
    reasoning: tokensIn(choices, "reasoning"),
  });
  const id = choicesId("chatcmpl-", script);
  if (!streaming.stream) {
    const list = writings.map(choiceJson).join(",");
    const body = `{"id":"${id}","object":"chat.completion",${common},"choices":[${list}${endOf(script, usage)}`;
    return jsonPlan(script, tokens, body);
  }
  const head = `{"id":"${id}","object":"chat.completion.chunk",${common},"choices":[`;
  const tail = streaming.includeUsage ? `],"usage":null}` : "]}";
  const tracks = writings.map((writing) => trackOf(writing, head, tail));
  return tracksPlan(script, tracks, {
    usage: streaming.includeUsage ? `${head}],"usage":${usage}}` : undefined,
    obfuscate: streaming.obfuscate,
  });
}

function weighed({ parts }: Said, weigh: Weigh): ReadonlyMap<Part, readonly string[]> {
  const told = parts.filter(({ kind }) => kind === "text" || kind === "refusal");
  return new Map(told.map((part) => [part, part.tokens.map((token) => likelyJson(weigh(token)))]));
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
  const message = `{"role":"assistant","content":${content},"refusal":${refusal}${callsJson(writing)},"annotations":[]}`;
  const logprobs =
    likely === undefined ? "null" : logprobsJson(listOf(said, likely, "text"), listOf(said, likely, "refusal"));
  return `{${start.said}"index":${index},"message":${message},"logprobs":${logprobs},"finish_reason":"${finishOf(writing)}"}`;
}

function listOf({ parts }: Said, likely: ReadonlyMap<Part, readonly string[]>, kind: Part["kind"]): readonly string[] {
  return parts.filter((part) => part.kind === kind).flatMap((part) => likely.get(part) ?? []);
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

/** The events of one choice, between the head and the tail of every chunk. */
function trackOf(writing: Writing, head: string, tail: string): Track {
  const { index, said, start } = writing;
  const place = `"index":${index},"delta":`;
  const chunk = (delta: string, finish = "null"): string =>
    `${head}{${start.other}${place}${delta},"logprobs":null,"finish_reason":${finish}}${tail}`;
  const template = (before: string, after: string, logprobs = "null"): Template =>
    templateOf(
      `${head}{${start.said}${place}${before}`,
      `${after},"logprobs":${logprobs},"finish_reason":null}${tail}`,
    );
  const events: (TokenEvent | undefined)[] = [];
  let calls = 0;
  for (const part of said.parts) {
    if (part.kind === "reasoning") {
      for (let token = 0; token < part.tokens.length; token += 1) events.push(undefined);
    } else if (part.kind === "call") {
      const { opening, before, after } = callDeltas(part, writing, calls);
      const piece = template(before, after);
      calls += 1;
      part.tokens.forEach((token, at) => {
        const event = filled(piece, token);
        events.push(at === 0 ? { ...event, before: chunk(opening) } : event);
      });
    } else for (const event of spokenEvents(part, writing, template)) events.push(event);
  }
  const content = hasContent(said) ? `""` : "null";
  return {
    opening: chunk(`{"role":"assistant","content":${content},"refusal":null}`),
    events,
    finish: chunk("{}", `"${finishOf(writing)}"`),
  };
}

/** The events of a text or a refusal, with logprobs where they are told. */
function spokenEvents(
  part: Part,
  { likely }: Writing,
  template: (before: string, after: string, logprobs?: string) => Template,
): readonly TokenEvent[] {
  const isText = part.kind === "text";
  const before = isText ? `{"content":"` : `{"refusal":"`;
  const told = likely?.get(part);
  if (told === undefined) {
    const piece = template(before, `"}`);
    return part.tokens.map((token) => filled(piece, token));
  }
  return part.tokens.map((token, at) => {
    const of = [told[at]!];
    return filled(template(before, `"}`, isText ? logprobsJson(of, []) : logprobsJson([], of)), token);
  });
}

/** The deltas of one call: the first names the tool, each further one has a piece of its input between two texts. */
function callDeltas(
  part: Part,
  { index, requestId, tooling }: Writing,
  at: number,
): Template & { readonly opening: string } {
  const name = JSON.stringify(part.name);
  if (tooling?.style === "functions") {
    const opening = `{"function_call":{"name":${name},"arguments":""}}`;
    return { opening, before: `{"function_call":{"arguments":"`, after: `"}}` };
  }
  const { type, input } = formOf(part, tooling);
  const start = `{"tool_calls":[{"index":${at}`;
  const id = JSON.stringify(part.id ?? callId(requestId, index, at));
  return {
    opening: `${start},"id":${id},"type":"${type}","${type}":{"name":${name},"${input}":""}}]}`,
    before: `${start},"${type}":{"${input}":"`,
    after: `"}}]}`,
  };
}
