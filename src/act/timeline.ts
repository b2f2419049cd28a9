import { firstOf, isOnePiece } from "../core/frames.ts";
import type { Frame, Plan, Timeline } from "../core/types.ts";

/** Times of tokens that are noted of a plan; `tokens` still tells how many there are. */
const maxTimes = 1000;

/** The frames of a plan, of which the first that goes through them notes the times. */
export class NotedFrames implements Iterable<Frame>, Iterator<Frame> {
  readonly #plan: Plan;
  readonly #atMs: number[] = [];
  #tokens = 0;
  #first: Iterator<Frame> | undefined = undefined;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  [Symbol.iterator](): Iterator<Frame> {
    if (this.#first !== undefined) return this.#plan.frames[Symbol.iterator]();
    this.#first = this.#plan.frames[Symbol.iterator]();
    return this;
  }

  next(): IteratorResult<Frame> {
    this.#first ??= this.#plan.frames[Symbol.iterator]();
    const next = this.#first.next();
    if (next.done !== true) this.#note(next.value);
    return next;
  }

  /** The times of the plan's tokens, also of those that nobody has gone through; a response in one piece has none but its end. */
  timeline(): Timeline {
    while (this.next().done !== true) continue;
    const tokens = this.#tokens;
    const totalMs = this.#plan.endAtMs;
    if (isOnePiece(this.#plan.frames)) return { ttftMs: undefined, totalMs, tokens, atMs: [] };
    return { ttftMs: this.#atMs[0], totalMs, tokens, atMs: this.#atMs };
  }

  #note({ atMs, tokens }: Frame): void {
    this.#tokens += tokens;
    for (let count = Math.min(tokens, maxTimes - this.#atMs.length); count > 0; count -= 1) this.#atMs.push(atMs);
  }
}

/** The times of a plan whose frames are all there; a response in one piece has none but its end. */
export function timelineOf(plan: Plan): Timeline {
  const { frames, endAtMs } = plan;
  if (!isOnePiece(frames)) return new NotedFrames(plan).timeline();
  return { ttftMs: undefined, totalMs: endAtMs, tokens: firstOf(frames)?.tokens ?? 0, atMs: [] };
}

type Played = { readonly tokens: number; readonly plannedAtMs: readonly number[] };

/** The times of a plan that is played as it is, of its tokens as far as they were sent; undefined without a plan. */
export function timelineAsPlayed(plan: Plan | undefined, { tokens, plannedAtMs }: Played): Timeline | undefined {
  if (plan === undefined) return undefined;
  return { ttftMs: plannedAtMs[0] ?? firstTokenMs(plan), totalMs: plan.endAtMs, tokens, atMs: plannedAtMs };
}

/** When the first token of a plan leaves; undefined where it has none. */
function firstTokenMs({ frames }: Plan): number | undefined {
  for (const { atMs, tokens } of frames) if (tokens > 0) return atMs;
  return undefined;
}

/** What is noted of the frames that have left. */
export class SentFrames {
  /** How many they are. */
  count = 0;
  tokens = 0;
  readonly tokenAtMs: number[] = [];
  readonly plannedAtMs: number[] = [];
  /** The response is an error, of which the first data is kept. */
  isError = false;
  errorData: Frame["data"] | undefined = undefined;
  #errorSumMs = 0;
  #errorMaxMs = 0;

  add(frame: Frame, nowMs: number, isPlanned: boolean): void {
    for (let count = frame.tokens; count > 0; count -= 1) {
      this.tokenAtMs.push(nowMs);
      if (isPlanned && this.plannedAtMs.length < maxTimes) this.plannedAtMs.push(frame.atMs);
    }
    this.addWhole(frame, nowMs);
  }

  /** The same of the one frame of a response in one piece, whose tokens have no times. */
  addWhole(frame: Frame, nowMs: number): void {
    // The data of a frame is made when it is looked at.
    if (this.isError) this.errorData ??= frame.data;
    const errorMs = nowMs - frame.atMs;
    this.count += 1;
    this.tokens += frame.tokens;
    this.#errorSumMs += errorMs;
    if (errorMs > this.#errorMaxMs) this.#errorMaxMs = errorMs;
  }

  /** Actual − planned emission; undefined when none has left. */
  scheduleError(): { mean: number; max: number } | undefined {
    return this.count === 0 ? undefined : { mean: this.#errorSumMs / this.count, max: this.#errorMaxMs };
  }
}
