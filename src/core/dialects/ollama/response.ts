import { firstOf, framesBy } from "../../frames.ts";
import { countOf, sizeOf, textOfKind, tokensOf, type Part } from "../../simulator/parts.ts";
import type { Frame, Head, Plan } from "../../types.ts";
import { hash32 } from "../../rng.ts";
import { escapeOnce, escapeToken } from "../shared/json-body.ts";
import { responseId } from "../openai/text.ts";
import { rfc3339Micros } from "../shared/timestamp.ts";
import { isBroken, Pieces } from "../shared/script.ts";
import { stopAt } from "../shared/stop.ts";
import type { Script } from "../types.ts";

/** A response to be written, of a chat or of a single prompt. */
export type OllamaResponse = {
  readonly script: Script;
  readonly model: string;
  readonly promptTokens: number;
  readonly stops: readonly string[];
  readonly stream: boolean;
  readonly kind: "chat" | "generate";
  /** The prompt went to the model as it stands. */
  readonly raw: boolean;
};

/**
 * Writes a response: one JSON object, or one a line, with the counts and durations in the last.
 *
 * @see https://github.com/ollama/ollama/blob/main/docs/api.md
 */
export function writeResponse(response: OllamaResponse): Plan {
  const stopped = { ...response, script: stopAt(response.script, response.stops).script };
  return response.stream ? streamed(stopped) : whole(stopped);
}

/** A whole JSON response, due when its last token would be. */
export function jsonResponse(script: Script, tokens: number, body: string): Plan {
  const { totalMs } = script.timing;
  return {
    head: headOf("application/json; charset=utf-8", script),
    headAtMs: totalMs,
    frames: [{ atMs: totalMs, data: body, tokens, final: false }],
    ending: "finish",
    endAtMs: totalMs,
  };
}

function headOf(contentType: string, script: Script): Head {
  return { status: 200, headers: ["content-type", contentType, "x-request-id", script.id] };
}

/** The members that every response begins with. @param atMs when it is said, from the start of the call */
export function openingOf(model: string, script: Script, atMs: number): string {
  return `{"model":${JSON.stringify(model)},"created_at":"${rfc3339Micros(script.createdSeconds * 1000 + atMs)}"`;
}

function whole(response: OllamaResponse): Plan {
  const { script, model, kind } = response;
  const { parts } = script;
  const thinking = textOfKind(parts, "reasoning");
  const text = JSON.stringify(textOfKind(parts, "text"));
  const thought = thinking === "" ? "" : `,"thinking":${JSON.stringify(thinking)}`;
  const calls = callsOf(script);
  const said =
    kind === "generate"
      ? `"response":${text}${thought}`
      : `"message":{"role":"assistant","content":${text}${thought}${calls === "" ? "" : `,"tool_calls":[${calls}]`}}`;
  const body = `${openingOf(model, script, script.timing.totalMs)},${said},"done":true,${countsOf(response)}}`;
  return jsonResponse(script, countOf(parts), body);
}

function streamed(response: OllamaResponse): Plan {
  const { script } = response;
  const frames = framesBy(() => linesOf(response));
  return {
    head: headOf("application/x-ndjson", script),
    headAtMs: firstOf(frames)?.atMs ?? 0,
    frames,
    ending: "finish",
    endAtMs: script.timing.totalMs,
  };
}

function* linesOf(response: OllamaResponse): Generator<Frame, undefined> {
  const { script, kind } = response;
  const { totalMs } = script.timing;
  const opening = openings(response);
  const line = (atMs: number, said: string, tokens: number): Frame => {
    return { atMs, data: `${opening(atMs)},${said},"done":false}\n`, tokens, final: false };
  };
  const pieces = new Pieces(script, isCall);
  for (const { part, text, atMs, tokens } of pieces) {
    const escaped = tokens === 1 ? escapeToken(text) : escapeOnce(text);
    yield line(atMs, kind === "chat" ? messageOf(part, escaped) : responseOf(part, escaped), tokens);
  }
  const calls = callsOf(script);
  const called = calledTokens(script);
  if (calls !== "") yield line(totalMs, `"message":{"role":"assistant","content":"","tool_calls":[${calls}]}`, called);
  const empty = kind === "chat" ? `"message":{"role":"assistant","content":""}` : `"response":""`;
  const data = `${opening(totalMs)},${empty},"done":true,${countsOf(response)}}\n`;
  yield { atMs: totalMs, data, tokens: pieces.left - called, final: true };
}

function isCall({ kind }: Part): boolean {
  return kind === "call";
}

/** How many tokens the calls have that are told. */
function calledTokens(script: Script): number {
  let called = 0;
  for (const part of script.parts) if (isCall(part) && !isBroken(part, script)) called += sizeOf(part);
  return called;
}

/** Writes how a line begins; of a line that follows at once only the part after the second is new. */
function openings({ model, script }: OllamaResponse): (atMs: number) => string {
  const head = `{"model":${JSON.stringify(model)},"created_at":"`;
  let second = -1;
  let begun = "";
  return (atMs) => {
    const own = Math.floor(atMs / 1000);
    if (own !== second) {
      second = own;
      begun = head + rfc3339Micros((script.createdSeconds + own) * 1000).slice(0, "2025-01-31T08:05:09.".length);
    }
    return `${begun}${String(Math.floor((atMs - own * 1000) * 1000)).padStart(6, "0")}Z"`;
  };
}

/** @param text escaped */
function messageOf({ kind }: Part, text: string): string {
  return kind === "reasoning"
    ? `"message":{"role":"assistant","content":"","thinking":"${text}"}`
    : `"message":{"role":"assistant","content":"${text}"}`;
}

/** @param text escaped */
function responseOf({ kind }: Part, text: string): string {
  return kind === "reasoning" ? `"response":"","thinking":"${text}"` : `"response":"${text}"`;
}

function callsOf(script: Script): string {
  return script.parts
    .filter((part) => part.kind === "call" && !isBroken(part, script))
    .map(({ name, text, id: given }, index) => {
      const id = given ?? responseId("call_", `${script.id} ${index}`).slice(0, "call_".length + 8);
      return `{"id":${JSON.stringify(id)},"function":{"index":${index},"name":${JSON.stringify(name)},"arguments":${text}}}`;
    })
    .join(",");
}

const nsPerMs = 1_000_000;
/** What a model that is loaded already takes to be made ready, of the time to the first token. */
const loadShare = 0.1;

/** Durations in nanoseconds whose sum is the time of the plan. @param ttftMs ≤ totalMs */
export function durationsOf(ttftMs: number, totalMs: number): { total: number; load: number; prompt: number } {
  const total = Math.round(totalMs * nsPerMs);
  const first = Math.min(total, Math.round(ttftMs * nsPerMs));
  const load = Math.floor(first * loadShare);
  return { total, load, prompt: first - load };
}

function countsOf(response: OllamaResponse): string {
  const { script, promptTokens } = response;
  const { ttftMs, totalMs } = script.timing;
  const { total, load, prompt } = durationsOf(ttftMs, totalMs);
  return (
    `"done_reason":"${script.finish}",${contextOf(response)}"total_duration":${total},"load_duration":${load},` +
    `"prompt_eval_count":${promptTokens},"prompt_eval_duration":${prompt},` +
    `"eval_count":${countOf(script.parts)},"eval_duration":${total - load - prompt}`
  );
}

const vocabulary = 128_000;

/** What a caller may give back to go on: numbers of tokens, one for each token said. */
function contextOf({ script, kind, raw }: OllamaResponse): string {
  if (kind === "chat" || raw) return "";
  const numbers = script.parts.flatMap((part) => Array.from(tokensOf(part), (token) => hash32(token) % vocabulary));
  return `"context":[${numbers.join(",")}],`;
}
