import { StuntdoubleError } from "../../core/errors.ts";
import type { Body } from "../../core/dialects/types.ts";
import type { NodeRequest } from "./guard.ts";

/** The body of a request that has none. */
export const noBody: Body = { bytes: new Uint8Array(0), text: () => "" };

/** Says whether a request announces a body. */
export function hasBody(request: NodeRequest): boolean {
  if ("stream" in request) return !request.stream.endAfterHeaders;
  const { headers } = request;
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}

/** Says whether a request names a length above that many bytes. */
export function announcesMore({ headers }: NodeRequest, maxBytes: number): boolean {
  return headers["content-length"] !== undefined && Number(headers["content-length"]) > maxBytes;
}

/**
 * Reads a whole request body.
 *
 * @param maxBytes a longer body is refused as soon as that is known, without reading on
 * @param done called once, with the body or with BODY_TOO_LARGE; never when the client leaves before the end
 */
export function readBody(request: NodeRequest, maxBytes: number, done: (body: Body | StuntdoubleError) => void): void {
  if (!hasBody(request)) {
    request.resume();
    done(noBody);
    return;
  }
  if (announcesMore(request, maxBytes)) {
    done(tooLarge(maxBytes));
    return;
  }
  const pieces = createPieces(maxBytes);
  const onData = (chunk: Buffer): void => {
    if (pieces.add(chunk)) return;
    request.off("data", onData);
    request.off("end", onEnd);
    request.pause();
    done(tooLarge(maxBytes));
  };
  const onEnd = (): void => done(bodyOf(pieces.whole()));
  request.on("data", onData);
  request.on("end", onEnd);
}

/** A body as it arrives. */
type Pieces = {
  /** Adds a piece; false when it is one too many, and then nothing is kept. */
  add(piece: Buffer): boolean;
  /** Gives the body out, and keeps nothing of it. */
  whole(): Buffer;
};

/** Room made for the second piece of a body and those behind it. */
const firstRoomBytes = 16 * 1024;

/**
 * Puts pieces together in one memory that doubles as it fills: a client may send a body byte by byte, and an object for
 * each would take four hundred times its size. The usual body is one piece, and is not copied.
 */
function createPieces(maxBytes: number): Pieces {
  let first: Buffer | undefined;
  let room: ArrayBuffer | undefined;
  let length = 0;
  const copy = (piece: Buffer): void => {
    room ??= new ArrayBuffer(0);
    if (room.byteLength < length + piece.length) {
      const wanted = Math.max(firstRoomBytes, 2 * room.byteLength, length + piece.length);
      room = room.transfer(Math.min(wanted, maxBytes));
    }
    new Uint8Array(room).set(piece, length);
    length += piece.length;
  };
  return {
    add(piece) {
      if ((first?.length ?? length) + piece.length > maxBytes) {
        first = undefined;
        // Freed now, not at some later collection.
        room = room?.transfer(0);
        return false;
      }
      if (first === undefined && room === undefined) {
        first = piece;
        return true;
      }
      if (first !== undefined) copy(first);
      first = undefined;
      copy(piece);
      return true;
    },
    whole() {
      const bytes = first ?? Buffer.from(room ?? new ArrayBuffer(0), 0, length);
      first = undefined;
      room = undefined;
      return bytes;
    },
  };
}

/** A body of which all bytes are here. */
export function bodyOf(bytes: Buffer): Body {
  let text: string | undefined;
  return { bytes, text: () => (text ??= bytes.toString("utf8")) };
}

/** The refusal of a body that is longer. */
export function tooLarge(maxBytes: number): StuntdoubleError {
  return new StuntdoubleError("BODY_TOO_LARGE", `The request body is larger than ${maxBytes} bytes.`);
}
