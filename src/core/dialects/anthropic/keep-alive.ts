import { isObject } from "../shared/json-body.ts";
import { jsonIn } from "../shared/event-json.ts";
import type { KeepAliveKind, MakeKeepAlive, StreamMoment } from "../shared/keep-alive.ts";

/** What the API sends while nothing is said: `ping`, or a delta of the open block without anything in it. */
export function keepAlive(kind: KeepAliveKind, operation: string | undefined): MakeKeepAlive | undefined {
  if (operation !== "messages") return undefined;
  return kind === "pings" ? () => `event: ping\ndata: {"type":"ping"}\n\n` : emptyDelta;
}

/** What the deltas of a block have, by the type of that block or of its deltas. */
const emptyOf: Readonly<Record<string, object>> = {
  thinking: { type: "thinking_delta", thinking: "" },
  thinking_delta: { type: "thinking_delta", thinking: "" },
  signature_delta: { type: "thinking_delta", thinking: "" },
  tool_use: { type: "input_json_delta", partial_json: "" },
  input_json_delta: { type: "input_json_delta", partial_json: "" },
};

function emptyDelta({ last }: StreamMoment): string | undefined {
  const data = emptyDeltaAfter(last);
  return data && `event: content_block_delta\ndata: ${data}\n\n`;
}

/** The JSON of a delta without anything in it, for the block that an event begins or goes on with; undefined where it does neither. */
export function emptyDeltaAfter(last: string): string | undefined {
  const event = jsonIn(last);
  const block = event?.["content_block"] ?? event?.["delta"];
  if (event === undefined || event["index"] === undefined || !isObject(block)) return undefined;
  const delta = emptyOf[String(block["type"])] ?? { type: "text_delta", text: "" };
  return JSON.stringify({ type: "content_block_delta", index: event["index"], delta });
}
