import { framesBy } from "../../frames.ts";
import type { Frame, Plan, Played, Sink } from "../../types.ts";

/** A plan that passes its faults step by step. */
export type Steps = {
  /** Passes on the head, the next frame or the end. @returns false when nothing more will come */
  step(): boolean;
  /** The frame of the plan that the last step was about; undefined where it was none. */
  readonly taken: Frame | undefined;
  /** No fault acts any more: the steps from now on pass the rest of the plan as it is. */
  letGo(): void;
};

/** The frames of a plan as the faults leave them, each bent when it is asked for. */
export class BentFrames implements Iterator<Frame> {
  readonly #steps: Steps;
  #out: Frame[] = [];
  #next = 0;
  #given = 0;
  /** Frames of the plan that were taken since the one before `out` was made. */
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
   * @param sent how many frames have left, all of those given or all but the last
   */
  letGo(sent: number, nowMs: number): void {
    while (this.#given < sent && this.next().done !== true) continue;
    this.#next -= this.#given - sent;
    const begun = this.#out.slice(this.#next).map((frame) => ({ ...frame, atMs: nowMs }));
    this.#out = this.#next === 0 ? this.#taken : begun;
    this.#taken = [];
    this.#next = 0;
    this.#notBeforeMs = nowMs;
    this.#steps.letGo();
    this.#more = true;
  }

  #step(): void {
    if (this.#next > 0) {
      this.#out = [];
      this.#next = 0;
      this.#taken = [];
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
  return {
    head: plan.head,
    headAtMs: Math.max(plan.headAtMs, nowMs),
    frames: restFrames(plan, { sent, nowMs }, bent),
    ending: plan.ending,
    endAtMs: Math.max(plan.endAtMs, nowMs),
  };
}

function restFrames({ frames }: Plan, { sent, nowMs }: Omit<Played, "frames">, bent: BentFrames): Iterable<Frame> {
  const [first, second] = frames;
  if (sent === 0 && second === undefined) return first === undefined ? [] : [notBefore(first, nowMs)];
  bent.letGo(sent, nowMs);
  return framesBy(() => bent);
}
