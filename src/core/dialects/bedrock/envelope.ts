import { fromBase64, toBase64 } from "../shared/base64.ts";
import type { Envelope } from "../types.ts";
import { eventEncoder, isAmazonEventStream, readEvent, withPayload, type ReceivedEvent } from "./event-stream.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** In what was invoked, the model's own event stands as base64 in the service's. */
const chunk = /"bytes"\s*:\s*"([^"]*)"/;

/** Encodes one event of the model's as an event of the service. */
export const encodeChunk = chunkEncoder();

function chunkEncoder(): (json: string) => Uint8Array {
  const headers = { ":event-type": "chunk", ":content-type": "application/json", ":message-type": "event" };
  const encode = eventEncoder(headers);
  return (json) => encode(`{"bytes":"${toBase64(encoder.encode(json))}"}`);
}

/** Whether an event holds one of the model's. */
function isChunk({ headers }: ReceivedEvent): boolean {
  return headers.get(":event-type") === "chunk";
}

/** The JSON of an event: its payload, or what of the model's stands in it. */
export function jsonIn(event: ReceivedEvent): Uint8Array | undefined {
  if (!isChunk(event)) return event.payload.length === 0 ? undefined : event.payload;
  const [, base64 = ""] = chunk.exec(decoder.decode(event.payload)) ?? [];
  return base64 === "" ? undefined : fromBase64(base64);
}

/** How the events of the API's streams hold their JSON. */
export const envelope: Envelope = {
  isOf: isAmazonEventStream,
  open(event) {
    const read = readEvent(event);
    return read && jsonIn(read);
  },
  close(event, json) {
    const read = readEvent(event);
    if (read === undefined || !isChunk(read)) return withPayload(event, json);
    const payload = decoder.decode(read.payload).replace(chunk, () => `"bytes":"${toBase64(json)}"`);
    return withPayload(event, encoder.encode(payload));
  },
  damage(event) {
    const damaged = Uint8Array.from(event);
    const last = damaged.length - 1;
    damaged[last] = (damaged[last] ?? 0) ^ 0xff;
    return damaged;
  },
  unknown: eventEncoder({
    ":event-type": "unknownEvent",
    ":content-type": "application/json",
    ":message-type": "event",
  })(`{"type":"unknown_event"}`),
};
