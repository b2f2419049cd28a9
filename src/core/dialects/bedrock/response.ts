import { framesBy } from "../../frames.ts";
import { countOf, sizeOf, type Part } from "../../simulator/parts.ts";
import type { Frame, Head, Plan } from "../../types.ts";
import { responseId } from "../openai/text.ts";
import { escapeOnce, escapeToken } from "../shared/json-body.ts";
import { TokenClock, TokenEvents, wholePlan } from "../shared/script.ts";
import { stopAt } from "../shared/stop.ts";
import type { Script } from "../types.ts";
import type { Input } from "./count.ts";
import { eventEncoder } from "./event-stream.ts";
import type { ConverseRequest } from "./request.ts";

/** A response to be written, whole or as a stream. */
export type ConverseResponse = {
  readonly request: ConverseRequest;
  readonly input: Input;
  readonly script: Script;
  readonly stream: boolean;
};

/** Base64 of `stuntdouble:`, so that a signature shows whose it is. */
const signatureStart = "c3R1bnRkb3VibGU6";

/**
 * Writes what the model says.
 *
 * @see https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html for the order of events
 */
export function writeConverse(response: ConverseResponse): Plan {
  const { script, stop } = stopAt(response.script, response.request.stops);
  const stopped: ConverseResponse = { ...response, script };
  const reason = reasonOf(script, stop);
  return response.stream ? streamed(stopped, reason) : whole(stopped, reason);
}

function reasonOf(script: Script, stop: string | undefined): string {
  if (stop !== undefined) return "stop_sequence";
  if (script.finish === "length") return "max_tokens";
  return script.parts.some(({ kind }) => kind === "call") ? "tool_use" : "end_turn";
}

/** A head of this content type, with the name of the call. */
export function headOf(contentType: string, { id }: Script, more: readonly string[] = []): Head {
  return { status: 200, headers: ["content-type", contentType, "x-amzn-requestid", id, ...more] };
}

/** A whole JSON response, due when its last token would be. */
export function jsonPlan(script: Script, tokens: number, body: string): Plan {
  return wholePlan(script, headOf("application/json", script), { tokens, body });
}

function whole(response: ConverseResponse, reason: string): Plan {
  const { script } = response;
  const content = script.parts.map((part, index) => blockJson(part, idOf(script, part, index), script)).join(",");
  const message = `{"output":{"message":{"role":"assistant","content":[${content}]}},"stopReason":"${reason}",${tail(response)}}`;
  return jsonPlan(script, countOf(script.parts), message);
}

function blockJson(part: Part, id: string, script: Script): string {
  if (part.kind === "reasoning") {
    return `{"reasoningContent":{"reasoningText":{"text":${JSON.stringify(part.text)},"signature":"${signatureOf(script)}"}}}`;
  }
  if (part.kind !== "call") return `{"text":${JSON.stringify(part.text)}}`;
  return `{"toolUse":{"toolUseId":${JSON.stringify(id)},"name":${JSON.stringify(part.name)},"input":${completeJson(part.text)}}}`;
}

/** The input of a tool; there is none of one that the limit cut off. */
function completeJson(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch {
    return "{}";
  }
}

/** The usage and the metrics. What is read from the cache is not written to it again. */
function tail({ input, script }: ConverseResponse): string {
  const output = countOf(script.parts);
  const read = Math.min(script.cachedTokens ?? 0, input.cached);
  const written = input.cached - read;
  return (
    `"usage":{"inputTokens":${input.tokens - input.cached},"outputTokens":${output},"totalTokens":${input.tokens + output},` +
    `"cacheReadInputTokens":${read},"cacheWriteInputTokens":${written}},"metrics":{"latencyMs":${Math.round(script.timing.totalMs)}}`
  );
}

function idOf({ id }: Script, part: Part, index: number): string {
  return part.id ?? responseId("tooluse_", `${id} ${index}`).slice(0, 30);
}

function signatureOf({ id }: Script): string {
  return signatureStart + responseId("", id).slice(0, 28);
}

function encoderOf(type: string): (payload: string) => Uint8Array {
  return eventEncoder({ ":event-type": type, ":content-type": "application/json", ":message-type": "event" });
}

const encode = {
  messageStart: encoderOf("messageStart"),
  contentBlockStart: encoderOf("contentBlockStart"),
  contentBlockDelta: encoderOf("contentBlockDelta"),
  contentBlockStop: encoderOf("contentBlockStop"),
  messageStop: encoderOf("messageStop"),
  metadata: encoderOf("metadata"),
};

function streamed(response: ConverseResponse, reason: string): Plan {
  const { script } = response;
  return {
    head: headOf("application/vnd.amazon.eventstream", script),
    headAtMs: 0,
    frames: framesBy(() => framesOf(response, reason)),
    ending: "finish",
    endAtMs: script.timing.totalMs,
  };
}

function* framesOf(response: ConverseResponse, reason: string): Generator<Frame, undefined> {
  const { script } = response;
  const { ttftMs, totalMs } = script.timing;
  const clock = new TokenClock(script.timing);
  yield frame(ttftMs, encode.messageStart(`{"role":"assistant"}`));
  for (const [index, part] of script.parts.entries()) yield* blockFrames(script, index, { part, clock });
  yield { ...frame(totalMs, encode.messageStop(`{"stopReason":"${reason}"}`)), final: true };
  yield { ...frame(totalMs, encode.metadata(`{${tail(response)}}`)), final: true };
}

/** What comes around the tokens of a delta. */
const deltas: Readonly<Record<Part["kind"], readonly [before: string, after: string]>> = {
  text: [`{"text":"`, `"}}`],
  refusal: [`{"text":"`, `"}}`],
  reasoning: [`{"reasoningContent":{"text":"`, `"}}}`],
  call: [`{"toolUse":{"input":"`, `"}}}`],
};

function* blockFrames(
  script: Script,
  index: number,
  { part, clock }: { readonly part: Part; readonly clock: TokenClock },
): Generator<Frame, undefined> {
  const at = `"contentBlockIndex":${index}`;
  const [before, after] = deltas[part.kind];
  // A joined text lies in one piece; a concatenated one would be put together again for every frame.
  const start = [`{${at},"delta":`, before].join("");
  const firstMs = sizeOf(part) > 0 ? clock.next() : clock.atMs;
  if (part.kind === "call") {
    const call = `"toolUseId":${JSON.stringify(idOf(script, part, index))},"name":${JSON.stringify(part.name)}`;
    yield frame(firstMs, encode.contentBlockStart(`{${at},"start":{"toolUse":{${call}}}}`));
  }
  const isOurs = part.kind !== "call" && script.given !== true;
  const events = new TokenEvents(part, clock, { escape: isOurs ? escapeToken : escapeOnce, isTaken: true });
  while (events.take()) {
    const data = encode.contentBlockDelta(start + events.text + after);
    yield { atMs: clock.atMs, data, tokens: events.tokens, final: false };
  }
  if (part.kind === "reasoning") {
    const signature = `{${at},"delta":{"reasoningContent":{"signature":"${signatureOf(script)}"}}}`;
    yield frame(clock.atMs, encode.contentBlockDelta(signature));
  }
  yield frame(clock.atMs, encode.contentBlockStop(`{${at}}`));
}

function frame(atMs: number, data: Uint8Array): Frame {
  return { atMs, data, tokens: 0, final: false };
}
