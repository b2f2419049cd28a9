import { isOnePiece } from "../core/frames.ts";
import type { Frame, Plan } from "../core/types.ts";

/** The frames that are still to be sent: those of a live source as they came, those of a plan made one ahead of its time. */
export class FrameQueue {
  #arrived: Frame[] = [];
  #cursor = 0;
  #planned: Iterator<Frame> | undefined = undefined;
  #upcoming: Frame | undefined = undefined;
  #isOnePiece = false;

  /** Takes the frames of a plan in place of all others. */
  plan({ frames }: Plan): void {
    this.#planned = frames[Symbol.iterator]();
    this.#upcoming = undefined;
    this.#isOnePiece = isOnePiece(frames);
  }

  /** Those from which the frames of a plan are taken. */
  get planned(): Iterator<Frame> | undefined {
    return this.#planned;
  }

  /** What has come of a live source and waits for its time is due now. */
  hurry(nowMs: number): void {
    this.#arrived = this.#arrived.map((frame) => (frame.atMs > nowMs ? { ...frame, atMs: nowMs } : frame));
  }

  push(frame: Frame): void {
    this.#arrived.push(frame);
  }

  /** Whether they are a plan's. */
  get isPlanned(): boolean {
    return this.#planned !== undefined;
  }

  /** Whether a response that is there as a whole is one frame, or none. */
  get isOnePiece(): boolean {
    return this.#planned === undefined ? this.#arrived.length <= 1 : this.#isOnePiece;
  }

  /** The next one; that of a plan is made by this. */
  peek(): Frame | undefined {
    if (this.#planned === undefined) return this.#arrived[this.#cursor];
    if (this.#upcoming === undefined) {
      const next = this.#planned.next();
      if (next.done !== true) this.#upcoming = next.value;
    }
    return this.#upcoming;
  }

  /** Gives up the next one. */
  drop(): void {
    this.#upcoming = undefined;
    if (this.#planned !== undefined) return;
    // A text that has left would live until the stream ends, long enough to be dear to collect.
    this.#arrived[this.#cursor] = sent;
    this.#cursor += 1;
    if (this.#cursor < this.#arrived.length) return;
    this.#arrived = [];
    this.#cursor = 0;
  }
}

/** Stands where a frame stood. */
const sent: Frame = { atMs: 0, data: "", tokens: 0, final: false };

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
