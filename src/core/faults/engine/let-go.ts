import { framesBy } from "../../frames.ts";
import type { Frame, Plan, Played, Sink } from "../../types.ts";

/** What becomes of a response that is let go: the rest of it passes, or it ends where a fault has thrown some of it away. */
export type LetGo = "passes" | "ends";

/** A plan that passes its faults step by step. */
export type Steps = {
  /** Passes on the head, the next frame or the end. @returns false when nothing more will come */
  step(): boolean;
  /** The frame of the plan that the last step was about; undefined where it was none. */
  readonly taken: Frame | undefined;
  /** What faults hold back of the frames taken until now. */
  held(): readonly Frame[];
  /** No fault acts any more: what is held back is passed on, and the steps from now on pass the rest of the plan as it is. */
  letGo(): LetGo;
};

/** The frames of a plan as the faults leave them, each bent when it is asked for. */
export class BentFrames implements Iterator<Frame> {
  readonly #steps: Steps;
  #out: Frame[] = [];
  #next = 0;
  #given = 0;
  /** Frames of the plan that were taken since the one before `out` was made, and those that were held back then. */
  #taken: Frame[] = [];
  #more = true;
  #notBeforeMs = 0;

  constructor(pour: (sink: Sink) => Steps) {
    this.#steps = pour({ head: ignore, data: (frame) => void this.#out.push(frame), end: ignore });
  }

  next(): IteratorResult<Frame, undefined> {
    while (this.#next === this.#out.length) {
      if (!this.#more) return { done: true, value: undefined };
      this.#step();
    }
    const frame = this.#out[this.#next];
    if (frame === undefined) return { done: true, value: undefined };
    this.#next += 1;
    this.#given += 1;
    return { done: false, value: notBefore(frame, this.#notBeforeMs) };
  }

  /**
   * No fault acts any more. Of a frame that has left in part the rest is given; one of which nothing has left comes as the plan has it.
   *
   * What is cut off anyway is not given.
   *
   * @param sent how many frames have left, all of those given or all but the last
   */
  letGo(sent: number, nowMs: number): LetGo {
    while (this.#given < sent && this.next().done !== true) continue;
    this.#next -= this.#given - sent;
    const begun = this.#out.slice(this.#next).map((frame) => ({ ...frame, atMs: nowMs }));
    this.#out = begun;
    const what = this.#steps.letGo();
    if (what === "ends") this.#out = [];
    else if (this.#next === 0) this.#out = this.#taken;
    this.#taken = [];
    this.#next = 0;
    this.#notBeforeMs = nowMs;
    this.#more = what === "passes";
    return what;
  }

  #step(): void {
    if (this.#next > 0) {
      this.#out = [];
      this.#next = 0;
      this.#taken = [...this.#steps.held()];
    }
    this.#more = this.#steps.step();
    if (this.#steps.taken !== undefined) this.#taken.push(this.#steps.taken);
  }
}

function ignore(): void {}

function notBefore(frame: Frame, atMs: number): Frame {
  return frame.atMs < atMs ? { ...frame, atMs } : frame;
}

/**
 * What is still to be sent of a plan whose faults are let go: what they held back is due now, and all else at its own time.
 *
 * @param plan without the faults
 * @param made makes its frames as the faults leave them
 */
export function restOf(plan: Plan, { sent, frames, nowMs }: Played, made: () => BentFrames): Plan {
  const bent = frames instanceof BentFrames ? frames : made();
  const headAtMs = Math.max(plan.headAtMs, nowMs);
  const [first, second] = plan.frames;
  const isOnePiece = sent === 0 && second === undefined;
  const what = isOnePiece ? "passes" : bent.letGo(sent, nowMs);
  const rest = isOnePiece && first !== undefined ? [notBefore(first, nowMs)] : [];
  return {
    head: plan.head,
    headAtMs,
    frames: isOnePiece ? rest : framesBy(() => bent),
    ...(what === "ends"
      ? { ending: "cut", endAtMs: nowMs }
      : { ending: plan.ending, endAtMs: Math.max(plan.endAtMs, nowMs) }),
  };
}
