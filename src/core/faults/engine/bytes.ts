import type { Frame } from "../../types.ts";

const encoder = new TextEncoder();

/** The bytes of a frame's data; text becomes UTF-8. */
export function bytesOf(data: string | Uint8Array): Uint8Array {
  return typeof data === "string" ? encoder.encode(data) : data;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A frame's data as text; undefined when it is not UTF-8. */
export function textIn(data: string | Uint8Array): string | undefined {
  if (typeof data === "string") return data;
  try {
    return decoder.decode(data);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Several pieces as one. */
export function joinedBytes(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** The middle of a range, moved back to where a UTF-8 character begins. */
export function middleOf(bytes: Uint8Array, from: number, to: number): number {
  let at = from + Math.floor((to - from) / 2);
  while (at > from && isContinuation(bytes[at])) at -= 1;
  return at;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

/**
 * One part of a frame as a frame of its own; it may begin or end inside a UTF-8 character.
 *
 * @param isLast the tokens belong to the last part, because an event counts when it is complete
 */
export function partOf(frame: Frame, data: Uint8Array, isLast: boolean): Frame {
  return { ...frame, data, tokens: isLast ? frame.tokens : 0 };
}
