import { emptyDeltaAfter } from "../anthropic/keep-alive.ts";
import { isObject } from "../shared/json-body.ts";
import { jsonIn } from "../shared/event-json.ts";
import type { KeepAliveKind, MakeKeepAlive, StreamMoment } from "../shared/keep-alive.ts";
import { encodeChunk } from "./envelope.ts";
import { eventEncoder } from "./event-stream.ts";

const encodeDelta = eventEncoder({
  ":event-type": "contentBlockDelta",
  ":content-type": "application/json",
  ":message-type": "event",
});

/** What the API sends while nothing is said: it has no ping, but a delta of the open block may be empty. */
export function keepAlive(kind: KeepAliveKind, operation: string | undefined): MakeKeepAlive | "none" | undefined {
  if (operation !== "converse-stream" && operation !== "invoke-with-response-stream") return undefined;
  if (kind === "pings") return "none";
  return operation === "converse-stream" ? emptyDelta : emptyChunk;
}

function emptyDelta({ last }: StreamMoment): Uint8Array | undefined {
  const event = jsonIn(last);
  const index = event?.["contentBlockIndex"];
  if (event === undefined || index === undefined) return undefined;
  return encodeDelta(JSON.stringify({ contentBlockIndex: index, delta: emptied(event["delta"] ?? event["start"]) }));
}

/** A delta of the kind of the one before it, with nothing in it. */
function emptied(delta: unknown): object {
  if (isObject(delta) && delta["toolUse"] !== undefined) return { toolUse: { input: "" } };
  if (isObject(delta) && delta["reasoningContent"] !== undefined) return { reasoningContent: { text: "" } };
  return { text: "" };
}

function emptyChunk({ last }: StreamMoment): Uint8Array | undefined {
  const delta = emptyDeltaAfter(last);
  return delta === undefined ? undefined : encodeChunk(delta);
}
