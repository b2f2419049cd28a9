import { StuntdoubleError } from "../errors.ts";
import { isObject } from "./json-body.ts";
import { findMembers } from "./scan.ts";
import type { Worth } from "./sse.ts";

const decoder = new TextDecoder();
const nothing: Worth = { tokens: 0, final: false };
const oneToken: Worth = { tokens: 1, final: false };
const done: Worth = { tokens: 0, final: true };

// Quotes inside of texts are escaped, so these marks can stand only where members are.
/** The usual token: when it is in the only choice, nothing else need be looked at. */
const usualToken = /"delta":\{"content":"(?!")/;
/** A filled text; whether it stands in a choice, only a parse can tell. */
const tokenMark = /"(?:content|refusal|reasoning|reasoning_content|text|arguments|input)"\s*:\s*"(?!")/;
const finishMark = /"finish_reason"\s*:\s*"/;
const deltaMark = /"delta":/g;
const deltaTexts = ["content", "refusal", "reasoning", "reasoning_content"];

/**
 * Says what an event of a chat or completion stream is worth.
 *
 * Each choice whose delta has text, reasoning, a refusal or a piece of what a tool is called with is a token; the name of
 * that tool, which goes before, is none. Final are the chunk with a finish reason and `[DONE]`.
 *
 * @returns never throws; broken JSON is worth nothing
 */
export function judge(event: string): Worth {
  const data = dataOf(event);
  if (data.startsWith("[DONE]")) return done;
  const mayBeFinal = finishMark.test(data);
  if (!mayBeFinal && usualToken.test(data) && hasOneDelta(data)) return oneToken;
  if (!mayBeFinal && !tokenMark.test(data)) return nothing;
  return worthOf(parsed(data));
}

function hasOneDelta(data: string): boolean {
  deltaMark.lastIndex = 0;
  return deltaMark.test(data) && !deltaMark.test(data);
}

/** The data of an event: what follows `data:` in its lines. */
function dataOf(event: string): string {
  if (event.startsWith("data: {")) {
    const end = event.indexOf("\n");
    // One line of data and the blank one, as nearly all events are.
    if (end === event.length - 2) return event.slice("data: ".length, end);
  }
  const lines = event.split(/\r\n|\r|\n/).filter((line) => line.startsWith("data:"));
  return lines.map((line) => line.slice("data:".length).trimStart()).join("\n");
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

function worthOf(chunk: unknown): Worth {
  const choices = isObject(chunk) ? chunk["choices"] : undefined;
  if (!Array.isArray(choices)) return nothing;
  let tokens = 0;
  let final = false;
  for (const choice of choices as readonly unknown[]) {
    if (!isObject(choice)) continue;
    if (carriesToken(choice["delta"]) || isFilled(choice["text"])) tokens += 1;
    if (isFilled(choice["finish_reason"])) final = true;
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
 * Output tokens named by the usage of a whole JSON answer, found by a scan.
 *
 * @returns undefined when it names none, or is no JSON object
 */
export function readUsage(body: Uint8Array): number | undefined {
  const usage = memberOf(body, "usage");
  const tokens = usage === undefined ? undefined : memberOf(usage, "completion_tokens");
  if (tokens === undefined) return undefined;
  const text = decoder.decode(tokens);
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function memberOf(object: Uint8Array, name: string): Uint8Array | undefined {
  try {
    const span = findMembers(object, [name]).get(name);
    return span === undefined ? undefined : object.subarray(span.from, span.to);
  } catch (error) {
    if (error instanceof StuntdoubleError) return undefined;
    throw error;
  }
}
