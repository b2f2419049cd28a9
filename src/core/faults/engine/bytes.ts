import { headerValue } from "../../headers.ts";
import type { Frame, Head } from "../../types.ts";
import type { FaultContext } from "./types.ts";

const encoder = new TextEncoder();

/** The bytes of a frame's data; text becomes UTF-8. */
export function bytesOf(data: string | Uint8Array): Uint8Array {
  return typeof data === "string" ? encoder.encode(data) : data;
}

/**
 * One part of a frame as a frame of its own; it may begin or end inside a UTF-8 character.
 *
 * @param isLast the tokens belong to the last part, because an event counts when it is complete
 */
export function partOf(frame: Frame, data: Uint8Array, isLast: boolean): Frame {
  return { ...frame, data, tokens: isLast ? frame.tokens : 0 };
}

/**
 * Whether a response is a stream of events, so that its frames are events.
 *
 * The dialect knows: server-sent events, lines of JSON, or the elements of an array.
 */
export function isEventStream({ status, headers }: Head, { dialect, target }: FaultContext): boolean {
  if (status >= 400) return false;
  const type = headerValue(headers, "content-type");
  return type !== undefined && dialect.readStream(type.toLowerCase(), target) !== undefined;
}
