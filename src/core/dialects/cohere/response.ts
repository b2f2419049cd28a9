import { framesBy } from "../../frames.ts";
import { hash32 } from "../../rng.ts";
import { countOf, sizeOf, textOfKind, type Part } from "../../simulator/parts.ts";
import type { Frame, Head, Plan } from "../../types.ts";
import { escapeOnce, escapeToken, type JsonObject } from "../shared/json-body.ts";
import { TokenClock, TokenEvents, wholePlan } from "../shared/script.ts";
import { stopAt } from "../shared/stop.ts";
import { uuidOf } from "../shared/uuid.ts";
import type { Script } from "../types.ts";
import { traceId } from "./errors.ts";
import type { PromptTokens } from "./prompt.ts";
import type { ChatRequest } from "./request.ts";

/** A chat to be written, as a whole or as a stream. */
export type ChatResponse = {
  readonly request: ChatRequest;
  readonly prompt: PromptTokens;
  /**
   * How a stream is told: as server-sent events, or, to those who accept nothing but JSON, as lines of it.
   *
   * @see LLM-Provider-reference, Cohere/streaming.md, for what the provider sent; litellm, llms/cohere/common_utils.py, for who asks so
   */
  readonly form: "events" | "lines";
  readonly script: Script;
  /** Its text is of our own making, and none of it the caller's. */
  readonly isProse: boolean;
};

/**
 * Writes a response.
 *
 * @see https://docs.cohere.com/reference/chat, and https://docs.cohere.com/docs/streaming for the order of events
 */
export function writeChat(response: ChatResponse): Plan {
  const { script, stop } = stopAt(response.script, response.request.stops);
  const stopped = { ...response, script };
  const reason = stop === undefined ? reasonOf(script) : "STOP_SEQUENCE";
  return response.request.stream ? streamed(stopped, reason) : whole(stopped, reason);
}

function reasonOf({ parts, finish }: Script): string {
  if (finish === "length") return "MAX_TOKENS";
  return parts.some(isCall) ? "TOOL_CALL" : "COMPLETE";
}

function isCall({ kind }: Part): boolean {
  return kind === "call";
}

/** A whole JSON response, due when its last token would be. */
export function jsonResponse(script: Script, tokens: number, body: string): Plan {
  return wholePlan(script, headOf("application/json", script), { tokens, body });
}

/** The head of a good response. */
export function headOf(contentType: string, script: Script): Head {
  return { status: 200, headers: ["content-type", contentType, ...traceId(script.id)] };
}

/** What thinking is told as: a plan where tools are called by a model that does not think. */
function isPlanned({ request, script }: ChatResponse): boolean {
  return !request.thinks && script.parts.some(isCall);
}

function whole(response: ChatResponse, reason: string): Plan {
  const { script } = response;
  const { parts } = script;
  const said = [`"role":"assistant"`];
  const isPlan = isPlanned(response);
  const plan = isPlan ? textOfKind(parts, "reasoning") : "";
  if (plan !== "") said.push(`"tool_plan":${JSON.stringify(plan)}`);
  const calls = parts.filter(isCall).map((part, index) => callJson(script, part, index));
  if (calls.length > 0) said.push(`"tool_calls":[${calls.join(",")}]`);
  const content = parts.filter((part) => !isCall(part) && !(isPlan && part.kind === "reasoning")).map(contentJson);
  if (content.length > 0 || calls.length === 0) said.push(`"content":[${content.join(",")}]`);
  const citation = citationOf(response);
  if (citation !== undefined) said.push(`"citations":[${citation}]`);
  const body =
    `{"id":"${uuidOf(script.id)}","message":{${said.join(",")}},"finish_reason":"${reason}",` +
    `"usage":${usageOf(response)}}`;
  return jsonResponse(script, countOf(parts), body);
}

function contentJson({ kind, text }: Part): string {
  const type = kind === "reasoning" ? "thinking" : "text";
  return `{"type":"${type}","${type}":${JSON.stringify(text)}}`;
}

function callJson(script: Script, part: Part, index: number): string {
  return `{${callStart(script, part, index)},"arguments":${JSON.stringify(part.text)}}}`;
}

/** A call up to its arguments. The provider's ids are the name and 12 characters. */
function callStart(script: Script, { name = "", id }: Part, index: number): string {
  const own = `${name}_${hash32(script.id, index).toString(36).padStart(7, "0")}${hash32(name, index).toString(36)}`;
  return `"id":${JSON.stringify(id ?? own.slice(0, name.length + 13))},"type":"function","function":{"name":${JSON.stringify(name)}`;
}

function usageOf({ prompt, script }: ChatResponse): string {
  const output = countOf(script.parts);
  return (
    `{"billed_units":{"input_tokens":${prompt.billed},"output_tokens":${output}},` +
    `"tokens":{"input_tokens":${prompt.tokens},"output_tokens":${output}},"cached_tokens":${script.cachedTokens ?? 0}}`
  );
}

/** The first sentence of the text with the first document as its source; undefined where nothing is cited. */
function citationOf({ request, script }: ChatResponse): string | undefined {
  const { cited } = request;
  const text = cited === undefined ? "" : textOfKind(script.parts, "text");
  if (cited === undefined || text === "") return undefined;
  const sentence = /^[^.!?]*/.exec(text)?.[0] ?? text;
  const source = { type: "document", id: cited["id"], document: documentOf(cited) };
  return JSON.stringify({ start: 0, end: sentence.length, text: sentence, sources: [source], type: "TEXT_CONTENT" });
}

function documentOf({ id, data }: JsonObject): object {
  return typeof data === "object" && data !== null ? { id, ...data } : { id, text: data };
}

function streamed(response: ChatResponse, reason: string): Plan {
  const { script, form } = response;
  const events = (): Generator<Frame, undefined> => streamFrames(response, reason);
  return {
    head: headOf(form === "lines" ? "application/stream+json" : "text/event-stream", script),
    headAtMs: 0,
    frames: framesBy(form === "lines" ? () => linesOf(events()) : events),
    ending: "finish",
    endAtMs: script.timing.totalMs,
  };
}

const dataMark = "data: ";

/** The data of each event as a line. */
function* linesOf(events: Iterable<Frame>): Generator<Frame, undefined> {
  for (const event of events) {
    const text = String(event.data);
    const data = text.slice(text.indexOf(dataMark) + dataMark.length, -1);
    if (data.startsWith("{")) yield { ...event, data };
  }
}

function* streamFrames(response: ChatResponse, reason: string): Generator<Frame, undefined> {
  const { script } = response;
  const { ttftMs, totalMs } = script.timing;
  const clock = new TokenClock(script.timing);
  const opened = `"delta":{"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}`;
  const data = `event: message-start\ndata: {"id":"${uuidOf(script.id)}","type":"message-start",${opened}}\n\n`;
  yield { atMs: ttftMs, data, tokens: 0, final: false };
  const isPlan = isPlanned(response);
  const next = { content: 0, call: 0 };
  for (const part of script.parts) {
    if (isCall(part)) yield* callFrames(response, { part, index: next.call++, clock });
    else if (isPlan && part.kind === "reasoning") yield* planFrames(response, part, clock);
    else yield* contentFrames(response, { part, index: next.content++, clock });
  }
  const end = `"delta":{"finish_reason":"${reason}","usage":${usageOf(response)}}`;
  yield { ...frame(totalMs, "message-end", end), final: true };
  yield { atMs: totalMs, data: "data: [DONE]\n\n", tokens: 0, final: true };
}

/** A part of a message in its place, and the clock that stands before its first token. */
type Placed = { readonly part: Part; readonly index: number; readonly clock: TokenClock };

function* contentFrames(response: ChatResponse, { part, index, clock }: Placed): Generator<Frame, undefined> {
  const type = part.kind === "reasoning" ? "thinking" : "text";
  const at = `"index":${index}`;
  const opened = `"delta":{"message":{"content":{"type":"${type}","${type}":""}}}`;
  yield frame(startOf(part, clock), "content-start", `${at},${opened}`);
  const around = { before: `${at},"delta":{"message":{"content":{"${type}":"`, after: `"}}}` };
  yield* tokenFrames("content-delta", { ...around, part, clock, isOurs: response.isProse });
  const citation = type === "text" ? citationOf(response) : undefined;
  if (citation !== undefined) {
    const cited = `"index":0,"delta":{"message":{"citations":${citation}}}`;
    yield frame(clock.atMs, "citation-start", cited);
    yield frame(clock.atMs, "citation-end", `"index":0`);
  }
  yield frame(clock.atMs, "content-end", at);
}

function* planFrames({ script }: ChatResponse, part: Part, clock: TokenClock): Generator<Frame, undefined> {
  startOf(part, clock);
  const around = { before: `"delta":{"message":{"tool_plan":"`, after: `"}}` };
  yield* tokenFrames("tool-plan-delta", { ...around, part, clock, isOurs: script.given !== true });
}

function* callFrames({ script }: ChatResponse, { part, index, clock }: Placed): Generator<Frame, undefined> {
  const at = `"index":${index}`;
  const opened = `"delta":{"message":{"tool_calls":{${callStart(script, part, index)},"arguments":""}}}}`;
  yield frame(startOf(part, clock), "tool-call-start", `${at},${opened}`);
  const around = { before: `${at},"delta":{"message":{"tool_calls":{"function":{"arguments":"`, after: `"}}}}` };
  yield* tokenFrames("tool-call-delta", { ...around, part, clock, isOurs: false });
  yield frame(clock.atMs, "tool-call-end", at);
}

/** Takes the first token of a part, so that what opens it leaves with it. */
function startOf(part: Part, clock: TokenClock): number {
  return sizeOf(part) > 0 ? clock.next() : clock.atMs;
}

type Tokens = {
  readonly part: Part;
  /** Stands at the first token. */
  readonly clock: TokenClock;
  readonly before: string;
  readonly after: string;
  readonly isOurs: boolean;
};

function* tokenFrames(type: string, { part, clock, before, after, isOurs }: Tokens): Generator<Frame, undefined> {
  // A joined text lies in one piece; a concatenated one would be put together again for every frame.
  const start = [`event: ${type}\ndata: {"type":"${type}",`, before].join("");
  const end = `${after}}\n\n`;
  const escape = isOurs ? escapeToken : escapeOnce;
  const events = new TokenEvents(part, clock, { escape, isTaken: true });
  while (events.take()) {
    yield { atMs: clock.atMs, data: start + events.text + end, tokens: events.tokens, final: false };
  }
}

function frame(atMs: number, type: string, members: string): Frame {
  return { atMs, data: `event: ${type}\ndata: {"type":"${type}",${members}}\n\n`, tokens: 0, final: false };
}
