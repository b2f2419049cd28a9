import { isUtf8 } from "node:buffer";
import type { RecordedPiece } from "../../core/recordings/types.ts";
import type { TextRange } from "../credential-forms.ts";
import { mask, secretRanges } from "../redact.ts";

/** Bytes as they arrived together. */
export type ArrivedPiece = { readonly atMs: number; readonly bytes: Uint8Array };

/** Masks the credentials of one response, also those that arrive in parts. */
export type PieceMasking = {
  /** @returns pieces that no credential can begin in any more which ends in a later one, masked, in their order */
  push(pieces: readonly ArrivedPiece[]): RecordedPiece[];
  /** @returns all that were held back */
  flush(): RecordedPiece[];
};

const beyondAscii = /[^ -~]/;
/** So many bytes at the end are held back: no credential is longer. */
const reach = 4096;
/** More than this is never held back. */
const maxHeld = 256 * 1024;
/** So many new bytes are looked at together: what is held back is looked at again each time. */
const lookedAtTogether = 4 * reach;

/**
 * Bytes are looked at as one text, each as a character of its own: credentials are ASCII, so they are found beside bytes that are
 * no UTF-8 as well. A mask stands in the piece that its credential begins in.
 *
 * @param secrets values that are masked wherever they stand
 */
export function createPieceMasking(secrets: readonly string[]): PieceMasking {
  const asBytes = secrets.flatMap((secret) =>
    beyondAscii.test(secret) ? [secret, Buffer.from(secret).toString("latin1")] : [secret],
  );
  let held: ArrivedPiece[] = [];
  /** What stands before the held ones, since a word begins only after what is none. */
  let before = "";
  /** Bytes that came since the held ones were last looked at. */
  let fresh = 0;
  const give = (isLast: boolean): RecordedPiece[] => {
    const text = before + charsOf(held);
    const ranges = secretRanges(text, asBytes);
    if (isLast && ranges.length === 0) return held.map(recorded);
    const pieces = placed(held, before.length);
    const count = isLast ? pieces.length : settled(pieces, ranges, text.length);
    const given = pieces.slice(0, count);
    held = held.slice(count);
    before = text.charAt((given.at(-1)?.to ?? before.length) - 1);
    return given.flatMap((piece) => masked(piece, ranges, text));
  };
  return {
    push(pieces) {
      const given: RecordedPiece[] = [];
      for (const piece of pieces) {
        held.push(piece);
        fresh += piece.bytes.length;
        if (fresh < lookedAtTogether) continue;
        for (const piece of give(false)) given.push(piece);
        fresh = 0;
      }
      return given;
    },
    flush: () => give(true),
  };
}

/** A piece, and where it stands in the text. */
type Placed = ArrivedPiece & TextRange;

function charsOf(pieces: readonly ArrivedPiece[]): string {
  const [first, ...others] = pieces;
  const bytes =
    first !== undefined && others.length === 0 ? first.bytes : Buffer.concat(pieces.map((each) => each.bytes));
  return bufferOf(bytes).toString("latin1");
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function placed(held: readonly ArrivedPiece[], start: number): Placed[] {
  let to = start;
  return held.map(({ atMs, bytes }) => ({ atMs, bytes, from: to, to: (to += bytes.length) }));
}

/** How many pieces end far enough before the end of what has arrived, and not within a credential. */
function settled(pieces: readonly Placed[], ranges: readonly TextRange[], length: number): number {
  const whole = pieces.findLastIndex(({ to }) => to <= length - reach && !isWithin(to, ranges)) + 1;
  if (whole > 0 || length <= maxHeld) return whole;
  return pieces.findLastIndex(({ to }) => to <= length - reach) + 1;
}

function isWithin(at: number, ranges: readonly TextRange[]): boolean {
  return ranges.some(({ from, to }) => from < at && at < to);
}

/** Nothing is left of a piece that is all within a credential which began before it. */
function masked({ atMs, bytes, from, to }: Placed, ranges: readonly TextRange[], text: string): RecordedPiece[] {
  let kept = "";
  let at = from;
  for (const range of ranges) {
    if (range.to <= at || range.from >= to) continue;
    kept += text.slice(at, Math.max(range.from, at));
    if (range.from >= from) kept += mask;
    at = Math.min(range.to, to);
  }
  kept += text.slice(at, to);
  if (kept === "" && bytes.length > 0) return [];
  return [recorded({ atMs, bytes: Buffer.from(kept, "latin1") })];
}

function recorded({ atMs, bytes }: ArrivedPiece): RecordedPiece {
  return isUtf8(bytes)
    ? { atMs, text: bufferOf(bytes).toString() }
    : { atMs, base64: bufferOf(bytes).toString("base64") };
}
