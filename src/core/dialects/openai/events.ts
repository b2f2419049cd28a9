import { objectsIn, isObject } from "../shared/json-body.ts";
import { createSseReader, dataOf, isEventStream, type EventInfo } from "../shared/streams/sse.ts";
import { numberAt } from "../shared/streams/usage.ts";
import type { StreamReader } from "../types.ts";

const nothing: EventInfo = { tokens: 0, final: false };
const oneToken: EventInfo = { tokens: 1, final: false };
const done: EventInfo = { tokens: 0, final: true };

// Quotes inside of texts are escaped, so these marks can stand only where members are.
/** The usual token: when it is in the only choice, nothing else need be looked at. */
const usualToken = /"delta":\{"content":"(?!")/;
/** A filled text; whether it stands in a choice, only a parse can tell. */
const tokenMark = /"(?:content|refusal|reasoning|reasoning_content|text|arguments|input)"\s*:\s*"(?!")/;
const finishMark = /"finish_reason"\s*:\s*"/;
/** The reason of a choice that broke off; the error stands beside it. @see OpenRouter, which ends a stream by it */
const failed = "error";
const deltaMark = /"delta":/g;
const deltaTexts = ["content", "refusal", "reasoning", "reasoning_content"];

/** The name of an event of a response, as its first line tells it, else as its data does. */
const eventLine = /^event: ?response\.([a-z_.]+)\r?\n/;
const typeMember = /"type"\s*:\s*"response\.([a-z_.]+)"/;
const filledDelta = /"delta"\s*:\s*"(?!")/;
const tokenTypes = new Set([
  "output_text.delta",
  "refusal.delta",
  "reasoning_text.delta",
  "reasoning_summary_text.delta",
  "function_call_arguments.delta",
  "custom_tool_call_input.delta",
  "shell_call_command.delta",
  "mcp_call_arguments.delta",
  "code_interpreter_call_code.delta",
]);
const finalTypes = new Set(["completed", "incomplete", "failed", "cancelled"]);

/** A reader for a response of that content type in lower case; undefined when it is no stream of events. */
export function readStream(contentType: string): StreamReader | undefined {
  return isEventStream(contentType) ? createSseReader(judge) : undefined;
}

/**
 * Says what an event of a stream is worth: a chunk of a chat or of a completion, or an event of a response.
 *
 * Of a chunk, each choice whose delta has text, reasoning, a refusal or a piece of what a tool is called with is a token; the
 * name of that tool, which goes before, is none. Final are `[DONE]` and a chunk with a finish
 * reason, but for the one of a failure. Of a response, each
 * filled delta of such a text is a token, and final is what ends it.
 *
 * @returns never throws; broken JSON is worth nothing
 */
export function judge(event: string): EventInfo {
  const name = eventLine.exec(event)?.[1];
  if (name !== undefined) return worthOfResponse(name, event);
  const data = dataOf(event);
  if (data.startsWith("[DONE]")) return done;
  const mayBeFinal = finishMark.test(data);
  if (!mayBeFinal && usualToken.test(data) && hasOneDelta(data)) return oneToken;
  const type = typeMember.exec(data)?.[1];
  if (type !== undefined) return worthOfResponse(type, data);
  if (!mayBeFinal && !tokenMark.test(data)) return nothing;
  return worthOf(parsed(data));
}

function worthOfResponse(type: string, text: string): EventInfo {
  if (tokenTypes.has(type)) return filledDelta.test(text) ? oneToken : nothing;
  return finalTypes.has(type) ? done : nothing;
}

function hasOneDelta(data: string): boolean {
  deltaMark.lastIndex = 0;
  return deltaMark.test(data) && !deltaMark.test(data);
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

function worthOf(chunk: unknown): EventInfo {
  const choices = isObject(chunk) ? chunk["choices"] : undefined;
  if (!Array.isArray(choices)) return nothing;
  let tokens = 0;
  let final = false;
  for (const choice of objectsIn(choices)) {
    if (carriesToken(choice["delta"]) || isFilled(choice["text"])) tokens += 1;
    if (isFilled(choice["finish_reason"]) && choice["finish_reason"] !== failed) final = true;
  }
  return { tokens, final };
}

function carriesToken(delta: unknown): boolean {
  if (!isObject(delta)) return false;
  if (deltaTexts.some((name) => isFilled(delta[name]))) return true;
  const { tool_calls: calls, function_call: call } = delta;
  if (isObject(call) && isFilled(call["arguments"])) return true;
  return Array.isArray(calls) && calls.some(hasInput);
}

function hasInput(call: unknown): boolean {
  if (!isObject(call)) return false;
  const { function: called, custom } = call;
  return (isObject(called) && isFilled(called["arguments"])) || (isObject(custom) && isFilled(custom["input"]));
}

function isFilled(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

/**
 * Output tokens named by the usage of a whole JSON response, found by a scan.
 *
 * @returns undefined when it names none, or is no JSON object
 */
export function readUsage(body: Uint8Array): number | undefined {
  return numberAt(body, "usage", "completion_tokens") ?? numberAt(body, "usage", "output_tokens");
}
