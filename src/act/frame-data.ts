import type { Frame } from "../core/types.ts";

/** Several pieces as one; text stays text. */
export function joined(pieces: readonly Frame["data"][]): Frame["data"] {
  let text = "";
  for (const piece of pieces) {
    if (typeof piece !== "string") return joinedBytes(pieces);
    text += piece;
  }
  return text;
}

function joinedBytes(pieces: readonly Frame["data"][]): Uint8Array {
  return Buffer.concat(
    pieces.map((piece) =>
      typeof piece === "string" ? Buffer.from(piece) : Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength),
    ),
  );
}
