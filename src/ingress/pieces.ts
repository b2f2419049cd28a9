/** A body as it arrives. */
export type Pieces = {
  /** Bytes so far. */
  length(): number;
  /**
   * Adds a piece.
   *
   * @param maxBytes so many are expected at most, and no more room is made in advance
   * @throws what `grow` throws; then the piece is not kept
   */
  add(piece: Buffer, maxBytes: number): void;
  /** The bytes so far, which stay. */
  peek(): Buffer;
  /** Gives the body out, and keeps nothing of it. */
  whole(): Buffer;
};

/** Room made for the second piece of a body and those behind it. */
const firstRoomBytes = 16 * 1024;

/**
 * Puts pieces together in one memory that doubles as it fills: a client may send a body byte by byte, and an object for
 * each would take four hundred times its size. The usual body is one piece, and is not copied.
 *
 * @param grow told of so many more bytes before they are taken; may throw
 */
export function createPieces(grow: (bytes: number) => void): Pieces {
  let first: Buffer | undefined;
  let room: ArrayBuffer | undefined;
  let length = 0;
  const copy = (piece: Buffer, maxBytes: number): void => {
    const had = room?.byteLength ?? 0;
    const needed = length + piece.length;
    if (room === undefined || had < needed) {
      const wanted = Math.max(needed, Math.min(maxBytes, Math.max(firstRoomBytes, 2 * had)));
      grow(wanted - had);
      room = (room ?? new ArrayBuffer(0)).transfer(wanted);
    }
    new Uint8Array(room).set(piece, length);
    length = needed;
  };
  return {
    length: () => first?.length ?? length,
    add(piece, maxBytes) {
      if (first === undefined && room === undefined) {
        first = piece;
        return;
      }
      const before = first;
      first = undefined;
      if (before !== undefined) copy(before, maxBytes);
      copy(piece, maxBytes);
    },
    peek: () => first ?? Buffer.from(room ?? new ArrayBuffer(0), 0, length),
    whole() {
      const bytes = first ?? Buffer.from(room ?? new ArrayBuffer(0), 0, length);
      first = undefined;
      room = undefined;
      length = 0;
      return bytes;
    },
  };
}
