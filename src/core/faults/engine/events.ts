import { headerValue } from "../../headers.ts";
import type { Dialect, Envelope } from "../../dialects/types.ts";
import type { Frame, Head } from "../../types.ts";
import { bytesOf, joinedBytes } from "./bytes.ts";
import { sendsEvents } from "./point.ts";
import type { FaultContext } from "./types.ts";

/** How a stream divides its events: server-sent ones, lines of JSON, elements of a JSON array, or bytes that are no text. */
export type Form = "sse" | "lines" | "array" | "binary";

/** The form of a stream; undefined for a response that is none, or is encoded. */
export function formOf(head: Head, context: FaultContext): Form | undefined {
  if (!sendsEvents(head, context) || headerValue(head.headers, "content-encoding") !== undefined) return undefined;
  const type = headerValue(head.headers, "content-type")?.toLowerCase() ?? "";
  if (context.dialect.envelope?.isOf(type) === true) return "binary";
  if (type.startsWith("text/event-stream")) return "sse";
  return type.startsWith("application/json") ? "array" : "lines";
}

/** How the events of a stream hold their JSON; undefined for one whose events are text. */
export function envelopeOf(form: Form | undefined, { envelope }: Dialect): Envelope | undefined {
  return form === "binary" ? envelope : undefined;
}

/**
 * An event changed where its JSON is: the frame itself where events are text, else what its envelope holds.
 *
 * @param change undefined where there is nothing to change
 * @returns undefined where nothing has changed, or where there is no JSON in an envelope
 */
export function within(
  frame: Frame,
  envelope: Envelope | undefined,
  change: (json: Frame) => Frame | undefined,
): Frame | undefined {
  if (envelope === undefined) return change(frame);
  const event = bytesOf(frame.data);
  const json = envelope.open(event);
  const changed = json && change({ ...frame, data: json });
  return changed && { ...changed, data: envelope.close(event, bytesOf(changed.data)) };
}

const openBrace = 0x7b;

/** Whether there is JSON in an event; there is none in a comment or in `[DONE]`. */
export function hasJson({ data }: Frame, envelope: Envelope | undefined): boolean {
  const bytes = bytesOf(data);
  return (envelope === undefined ? bytes : envelope.open(bytes))?.includes(openBrace) === true;
}

/** What stands before an element of an array, its bracket or its comma; nothing elsewhere. */
export function leadOf({ data }: Frame, form: Form): Uint8Array {
  const bytes = bytesOf(data);
  return form === "array" ? bytes.subarray(0, Math.max(0, bytes.indexOf(openBrace))) : bytes.subarray(0, 0);
}

/** The same event with something else before it in its array. */
export function led(frame: Frame, lead: Uint8Array, form: Form): Frame {
  if (form !== "array") return frame;
  return { ...frame, data: joinedBytes([lead, bytesOf(frame.data).subarray(leadOf(frame, form).length)]) };
}

/** What stands before an element that is not the first. */
export const comma = bytesOf(",\n");

const json = `{"type":"unknown_event"}`;

const unknownTexts: Readonly<Record<Exclude<Form, "binary">, string>> = {
  sse: `event: unknown_event\ndata: ${json}\n\n`,
  lines: `${json}\n`,
  array: json,
};

/** An event of a type that no API has, without what stands before it. */
export function unknownEvent(form: Form, { envelope }: Dialect): string | Uint8Array {
  return form === "binary" ? (envelope?.unknown ?? "") : unknownTexts[form];
}

/** Bytes put into a frame. */
export function inserted(frame: Frame, at: number, bytes: Uint8Array): Frame {
  const whole = bytesOf(frame.data);
  return { ...frame, data: joinedBytes([whole.subarray(0, at), bytes, whole.subarray(at)]) };
}

/** Just inside of the JSON of an event. */
export function insideJson({ data }: Frame): number {
  return bytesOf(data).indexOf(openBrace) + 1;
}
