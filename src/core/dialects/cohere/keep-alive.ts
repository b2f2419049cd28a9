import { jsonIn } from "../shared/event-json.ts";
import type { KeepAliveKind, MakeKeepAlive, StreamMoment } from "../shared/keep-alive.ts";
import { isObject } from "../shared/json-body.ts";

/** What the API could send while nothing is said: it has no ping, but a delta may have an empty text. */
export function keepAlive(kind: KeepAliveKind, operation: string | undefined): MakeKeepAlive | "none" | undefined {
  if (operation === "chat-v1") {
    return kind === "pings" ? "none" : () => `{"is_finished":false,"event_type":"text-generation","text":""}\n`;
  }
  if (operation !== "chat") return undefined;
  return kind === "pings" ? "none" : emptyDelta;
}

/** A delta of the block that is open. */
function emptyDelta({ last }: StreamMoment): string | undefined {
  const event = jsonIn(last);
  const { type, index, delta } = event ?? {};
  if (index === undefined || (type !== "content-start" && type !== "content-delta")) return undefined;
  const message = isObject(delta) && isObject(delta["message"]) ? delta["message"] : {};
  const content = isObject(message["content"]) && "thinking" in message["content"] ? { thinking: "" } : { text: "" };
  const data = { type: "content-delta", index, delta: { message: { content } } };
  return last.startsWith("{") ? `${JSON.stringify(data)}\n` : `event: content-delta\ndata: ${JSON.stringify(data)}\n\n`;
}
