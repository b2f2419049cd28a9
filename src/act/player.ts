import type { Flow } from "./live.ts";
import type { Ending, Frame, Head, HeaderList, Plan } from "../core/types.ts";
import { FrameQueue, joined } from "./frame-queue.ts";
import { beginWith, informBefore } from "./informational.ts";
import type { Sent } from "./sent.ts";
import type { RelaySink } from "./relay.ts";
import { SentFrames } from "./timeline.ts";
import type { Timer } from "./timer-wheel.ts";
import type { CallTimes, PlayerOwner, Reply, ReplyListener, SentResponse } from "./types.ts";

/** Bytes waiting for their time or for the client, above which a live source is asked to pause. */
const pauseAboveBytes = 256 * 1024;

/** Bytes of one write, about: what is due beyond it goes in the next, once the client has room. */
const writeAtMost = 256 * 1024;

/**
 * Sends one response on time: the only place that waits.
 *
 * Frames come from a plan (`play`) or piece by piece from a live source (it is a Sink). Deadlines are absolute, so a late
 * stream sends all that is due in one write and never drifts.
 */
export class Player implements Timer, RelaySink, ReplyListener, Sent {
  dueMs = 0;
  previous: Timer | undefined = undefined;
  next: Timer | undefined = undefined;
  slot = -1;

  readonly #reply: Reply;
  readonly #times: CallTimes;
  readonly #owner: PlayerOwner;
  readonly #left = new SentFrames();
  readonly #queue = new FrameQueue();
  #flow: Flow | undefined = undefined;
  #letGo: Plan["letGo"] = undefined;
  #status: number | undefined = undefined;
  #silentAtMs: number | undefined = undefined;
  #head: Head | undefined = undefined;
  #headAtMs = 0;
  #ending: Ending | undefined = undefined;
  #endAtMs = 0;
  #blocked = false;
  /** What was sent last is the final marker: clients have all of the response, and may leave before its end. */
  #complete = false;
  #gathering = false;
  #paused = false;
  #waitingBytes = 0;
  #blockedBytes = 0;
  #toldBytes = 0;
  #state: "open" | "stalled" | "done" = "open";

  constructor(reply: Reply, times: CallTimes, owner: PlayerOwner) {
    this.#reply = reply;
    this.#times = times;
    this.#owner = owner;
    reply.listener = this;
  }

  /** Plays a whole plan. */
  play(plan: Plan): void {
    this.#head = plan.head;
    this.#headAtMs = plan.headAtMs;
    this.#queue.plan(plan);
    this.#letGo = plan.letGo;
    this.#ending = plan.ending;
    this.#endAtMs = plan.endAtMs;
    this.#step();
    this.#balance();
  }

  /**
   * Ends a silence by a cut, and lets what faults hold back leave now.
   *
   * @returns when a plan ends without its faults
   */
  letGo(): number | undefined {
    const nowMs = this.#times.now();
    if (this.#state === "stalled") this.#finish("cut", nowMs);
    if (this.#state !== "open") return undefined;
    if (this.#queue.isPlanned) return this.#playRest(nowMs);
    this.#headAtMs = Math.min(this.#headAtMs, nowMs);
    this.#endAtMs = Math.min(this.#endAtMs, nowMs);
    if (this.#ending === "stall") this.#ending = "cut";
    this.#queue.hurry(nowMs);
    this.fire();
    return undefined;
  }

  #playRest(nowMs: number): number | undefined {
    const rest = this.#letGo?.({ sent: this.#left.count, frames: this.#queue.planned, nowMs });
    if (rest !== undefined) this.play(rest);
    return rest?.endAtMs;
  }

  slowedBy(flow: Flow): void {
    this.#flow = flow;
  }

  /** What a live source gives while `task` runs is looked at when all of it is there: a complete response leaves in one piece. */
  together(task: () => void): void {
    this.#gathering = true;
    try {
      task();
    } finally {
      this.#gathering = false;
    }
    this.#step();
  }

  inform(head: Head): void {
    if (this.#status === undefined) this.#reply.inform?.(head);
  }

  head(atMs: number, head: Head): void {
    this.#head = head;
    this.#headAtMs = atMs;
    this.#step();
  }

  data(frame: Frame): void {
    if (this.#state !== "open") return;
    this.#queue.push(frame);
    this.#waitingBytes += frame.data.length;
    this.#step();
    this.#balance();
  }

  end(atMs: number, ending: Ending, trailers?: HeaderList): void {
    if (trailers !== undefined) this.#reply.trailers?.(trailers);
    this.#ending = ending;
    this.#endAtMs = atMs;
    this.#step();
  }

  fire(): void {
    this.#step();
    this.#balance();
  }

  drained(): void {
    this.#blocked = false;
    this.#step();
    this.#balance();
  }

  left(cause?: "SEND_TIMEOUT"): void {
    if (this.#state === "stalled") this.#settle("stall");
    if (this.#state !== "open") return;
    if (cause !== undefined) {
      this.#owner.failed(cause);
      this.#settle("cut");
    } else this.#settle(this.#complete && !this.#blocked ? "finish" : "client-gone");
  }

  /** True once nothing more will be sent. */
  get done(): boolean {
    return this.#state === "done";
  }

  get status(): number | undefined {
    return this.#status;
  }

  get tokens(): number {
    return this.#left.tokens;
  }

  get tokenAtMs(): readonly number[] {
    return this.#left.tokenAtMs;
  }

  get plannedAtMs(): readonly number[] {
    return this.#left.plannedAtMs;
  }

  get silentAtMs(): number | undefined {
    return this.#silentAtMs;
  }

  response(): SentResponse {
    return { head: this.#head, errorData: this.#left.errorData };
  }

  scheduleError(): { mean: number; max: number } | undefined {
    return this.#left.scheduleError();
  }

  #step(): void {
    if (this.#state !== "open" || this.#blocked || this.#gathering) return;
    const nowMs = this.#times.now();
    if (this.#status === undefined) {
      if (this.#head === undefined) return this.#finishHeadless(nowMs);
      if (nowMs < this.#headAtMs) return this.#times.arm(this, this.#headAtMs);
      if (this.#sendWhole(this.#head, nowMs)) return;
      this.#status = beginWith(this.#reply, this.#head);
      this.#left.isError = this.#status >= 400;
    }
    this.#sendDue(nowMs);
    if (this.#blocked) return;
    const upcoming = this.#queue.peek();
    if (upcoming !== undefined) return this.#times.arm(this, upcoming.atMs);
    if (this.#ending === undefined) return;
    if (nowMs < this.#endAtMs) return this.#times.arm(this, this.#endAtMs);
    this.#finish(this.#ending, nowMs);
  }

  /** A source can end before its head only by breaking or by silence. */
  #finishHeadless(nowMs: number): void {
    if (this.#ending === undefined) return;
    if (nowMs < this.#endAtMs) return this.#times.arm(this, this.#endAtMs);
    this.#finish(this.#ending === "finish" ? "cut" : this.#ending, nowMs);
  }

  /** A response that is due from head to end leaves in one piece. */
  #sendWhole(head: Head, nowMs: number): boolean {
    if (this.#ending !== "finish" || nowMs < this.#endAtMs || !this.#queue.isOnePiece) return false;
    const frame = this.#queue.peek();
    this.#status = head.status;
    this.#queue.drop();
    this.#left.isError = head.status >= 400;
    if (frame !== undefined) this.#left.addWhole(frame, nowMs);
    informBefore(this.#reply, head);
    this.#reply.whole(head, frame === undefined ? "" : frame.data);
    this.#conclude("finish", nowMs);
    return true;
  }

  #sendDue(nowMs: number): void {
    while (this.#sendSome(nowMs)) continue;
  }

  /** Sends what is due in one write, or as much of it as one should hold; says whether more may be due and may go. */
  #sendSome(nowMs: number): boolean {
    const first = this.#take(nowMs);
    if (first === undefined) return false;
    let { data } = first;
    let { length } = data;
    let pieces: Frame["data"][] | undefined;
    while (length < writeAtMost) {
      const frame = this.#take(nowMs);
      if (frame === undefined) break;
      const piece = frame.data;
      pieces ??= [data];
      pieces.push(piece);
      length += piece.length;
    }
    if (pieces !== undefined) data = joined(pieces);
    if (!this.#queue.isPlanned && this.#queue.peek() === undefined) this.#waitingBytes = 0;
    if (!this.#reply.write(data)) {
      this.#blocked = true;
      this.#blockedBytes = length;
    }
    return !this.#blocked && length >= writeAtMost;
  }

  /** The next frame if it is due, which then counts as sent. */
  #take(nowMs: number): Frame | undefined {
    const frame = this.#queue.peek();
    if (frame === undefined || frame.atMs > nowMs) return undefined;
    this.#queue.drop();
    this.#complete = frame.final;
    this.#left.add(frame, nowMs, this.#queue.isPlanned);
    return frame;
  }

  #balance(): void {
    const full = this.#blocked || this.#waitingBytes > pauseAboveBytes;
    if (full === this.#paused || this.#state !== "open") return;
    this.#paused = full;
    if (full) this.#flow?.pause();
    else this.#flow?.resume();
    const before = this.#toldBytes;
    this.#toldBytes = full ? this.#waitingBytes + this.#blockedBytes : 0;
    this.#owner.waiting(this.#toldBytes - before);
  }

  #finish(ending: Ending, nowMs: number): void {
    if (ending === "stall") {
      this.#state = "stalled";
      this.#silentAtMs = nowMs;
      return;
    }
    if (ending === "finish") this.#reply.end();
    else if (ending === "cut") this.#reply.cut();
    else this.#reply.reset(this.#times.http2Reset);
    this.#conclude(ending, nowMs);
  }

  #settle(ending: Ending | "client-gone"): void {
    this.#conclude(ending, this.#times.now());
  }

  #conclude(ending: Ending | "client-gone", nowMs: number): void {
    if (this.#state === "done") return;
    this.#state = "done";
    this.#times.disarm(this);
    this.#owner.settled(ending, nowMs);
  }
}
