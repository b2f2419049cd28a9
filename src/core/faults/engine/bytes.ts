import type { Frame } from "../../types.ts";

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
