import { framesBy } from "../../frames.ts";
import { countOf, textOfKind, type Part } from "../../simulator/parts.ts";
import type { Frame, Plan } from "../../types.ts";
import { objectsIn, escapeOnce, escapeToken } from "../shared/json-body.ts";
import { isBroken, Pieces } from "../shared/script.ts";
import { stopAt } from "../shared/stop.ts";
import { uuidOf } from "../shared/uuid.ts";
import type { Script } from "../types.ts";
import { headOf, jsonResponse } from "./response.ts";

/** A chat of the first version to be written. */
export type ChatResponseV1 = {
  readonly script: Script;
  readonly message: string;
  /** Of the request, to which the response is added. */
  readonly history: unknown;
  readonly stops: readonly string[];
  readonly stream: boolean;
  readonly promptTokens: number;
  /** Its text is of our own making, and none of it the caller's. */
  readonly isProse: boolean;
};

/**
 * Writes a response: one JSON object, or one a line.
 *
 * @see https://docs.cohere.com/v1/reference/chat, and https://docs.cohere.com/v1/docs/streaming for the order of events
 */
export function writeChatV1(response: ChatResponseV1): Plan {
  const stopped = { ...response, script: stopAt(response.script, response.stops).script };
  const { script } = stopped;
  if (!response.stream) return jsonResponse(script, countOf(script.parts), bodyOf(stopped));
  return {
    head: headOf("application/stream+json", script),
    headAtMs: 0,
    frames: framesBy(() => linesOf(stopped)),
    ending: "finish",
    endAtMs: script.timing.totalMs,
  };
}

function* linesOf(response: ChatResponseV1): Generator<Frame, undefined> {
  const { script, isProse } = response;
  const { ttftMs, totalMs } = script.timing;
  yield line(ttftMs, `"event_type":"stream-start","generation_id":"${uuidOf(script.id)}"`);
  const pieces = new Pieces(script, isHidden);
  for (const { text, atMs, tokens } of pieces) {
    const escaped = isProse ? escapeToken(text) : escapeOnce(text);
    yield { ...line(atMs, `"event_type":"text-generation","text":"${escaped}"`), tokens };
  }
  const calls = callsOf(script);
  if (calls !== "") yield line(totalMs, `"event_type":"tool-calls-generation","tool_calls":[${calls}]`);
  const end = `"event_type":"stream-end","response":${bodyOf(response)},"finish_reason":"${reasonOf(script)}"`;
  yield { atMs: totalMs, data: `{"is_finished":true,${end}}\n`, tokens: pieces.left, final: true };
}

function line(atMs: number, members: string): Frame {
  return { atMs, data: `{"is_finished":false,${members}}\n`, tokens: 0, final: false };
}

/** Calls are told as a whole, and there is no form for thoughts. */
function isHidden({ kind }: Part): boolean {
  return kind === "call" || kind === "reasoning";
}

function reasonOf({ finish }: Script): string {
  return finish === "length" ? "MAX_TOKENS" : "COMPLETE";
}

function callsOf(script: Script): string {
  return script.parts
    .filter((part) => part.kind === "call" && !isBroken(part, script))
    .map(({ name, text }) => `{"name":${JSON.stringify(name)},"parameters":${text}}`)
    .join(",");
}

function bodyOf({ script, message, history, promptTokens }: ChatResponseV1): string {
  const text = textOfKind(script.parts, "text") + textOfKind(script.parts, "refusal");
  const id = uuidOf(script.id);
  const turns: readonly object[] = [
    ...objectsIn(history),
    ...(message === "" ? [] : [{ role: "USER", message }]),
    { role: "CHATBOT", message: text },
  ];
  const calls = callsOf(script);
  const called = calls === "" ? "" : `"tool_calls":[${calls}],`;
  return (
    `{"response_id":"${uuidOf(`${id} r`)}","text":${JSON.stringify(text)},"generation_id":"${id}",` +
    `"chat_history":${JSON.stringify(turns)},${called}"finish_reason":"${reasonOf(script)}",` +
    `"meta":${metaOf(promptTokens, countOf(script.parts))}}`
  );
}

function metaOf(input: number, output: number): string {
  const tokens = `{"input_tokens":${input},"output_tokens":${output}}`;
  return `{"api_version":{"version":"1"},"billed_units":${tokens},"tokens":${tokens}}`;
}
