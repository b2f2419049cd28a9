import { objectsIn, type JsonObject } from "../shared/json-body.ts";
import { jsonIn } from "../shared/event-json.ts";
import type { KeepAliveKind, MakeKeepAlive, StreamMoment } from "../shared/keep-alive.ts";

/**
 * What OpenAI's streams send while nothing is said.
 *
 * Only the Responses API has an event for it; a chunk with empty deltas says as little.
 *
 * @returns "none" for a stream that has no such event; undefined for an operation that has no stream
 * @see openai/openai-node#1964
 */
export function keepAlive(kind: KeepAliveKind, operation: string | undefined): MakeKeepAlive | "none" | undefined {
  if (operation === "responses") return kind === "pings" ? ping : emptyTextDelta;
  if (operation === "chat" || operation === "completions") return kind === "pings" ? "none" : emptyChunk;
  return undefined;
}

function ping({ last }: StreamMoment): string {
  return eventOf("keepalive", { sequence_number: jsonIn(last)?.["sequence_number"] ?? 0 });
}

/** It belongs to a part of the output, which has begun when its text is written. */
function emptyTextDelta({ last }: StreamMoment): string | undefined {
  const { item_id, output_index, content_index, sequence_number } = jsonIn(last) ?? {};
  if (item_id === undefined || content_index === undefined) return undefined;
  const delta = { item_id, output_index, content_index, delta: "", logprobs: [], sequence_number };
  return eventOf("response.output_text.delta", delta);
}

function eventOf(type: string, members: JsonObject): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`;
}

/** The chunk before it, with nothing in its choices. */
function emptyChunk({ last }: StreamMoment): string | undefined {
  const chunk = jsonIn(last);
  const choices = objectsIn(chunk?.["choices"]);
  if (choices.length === 0) return undefined;
  const empty = choices.map((choice) => {
    const said = "text" in choice ? { text: "" } : { delta: { content: "" } };
    return { index: choice["index"] ?? 0, ...said, logprobs: null, finish_reason: null };
  });
  return `data: ${JSON.stringify({ ...chunk, choices: empty })}\n\n`;
}
