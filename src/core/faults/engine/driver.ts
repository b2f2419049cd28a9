import { StuntdoubleError } from "../../errors.ts";
import { LateFrame } from "../../late-frame.ts";
import type { Ending, Frame, Head, Plan, PlannedFrame, Sink } from "../../types.ts";
import type { FaultContext } from "./types.ts";

/** A fault with its options checked and filled in. */
export type PreparedFault = {
  readonly kind: string;
  /** It looks at the head of a response only, and lets nothing of its body through. */
  readonly headOnly: boolean;
  readonly respond: ((context: FaultContext) => Plan) | undefined;
  readonly bend: ((next: Sink, context: FaultContext) => Sink) | undefined;
};

/** A call as its faults see it together. */
export type BendContext = Omit<FaultContext, "fired" | "at"> & {
  /** Called once for each fault that takes effect. */
  fired(kind: string): void;
};

/** The same for a live response: alarms are the caller's, who runs each not before its time. */
export type LiveContext = BendContext & Pick<FaultContext, "at">;

/**
 * The response that one of the faults gives instead of the source, bent by the others.
 *
 * @returns undefined when no fault responds by itself; the first one that does wins
 */
export function faultResponse(faults: readonly PreparedFault[], context: BendContext): Plan | undefined {
  for (const { kind, respond } of faults) {
    if (respond === undefined) continue;
    const plan = respond({ ...context, at: noAlarm, fired: once(() => context.fired(kind)) });
    return bendPlan(plan, faults, context);
  }
  return undefined;
}

/**
 * A plan as the faults leave it, each acting on what the one before it in the list passed on.
 *
 * @returns frames in time order; nothing after the end
 * @throws RESPONSE_TOO_LARGE when they divide it into far too many pieces; INTERNAL when a fault breaks the order of head,
 *   data and end, or never ends
 */
export function bendPlan(plan: Plan, faults: readonly PreparedFault[], context: BendContext): Plan {
  const bending = bendingOf(faults);
  if (bending.length === 0) return plan;
  const result = collector(plan.frames.length + maxPieces);
  const alarms = createAlarms();
  const chain = link(result, bending, { ...context, at: alarms.at });
  pour(plan, chain, { alarms, result });
  while (!chain.over() && alarms.runNext(Infinity)) continue;
  return result.plan();
}

/**
 * The sink that takes a live response and passes it on to `sink` as the faults leave it.
 *
 * @param context `at` runs its task at that time of the call or later, and never before
 * @returns passes on nothing after the end, and never goes back in time
 * @throws INTERNAL, from its methods, when a fault breaks the order of head, data and end
 */
export function bendLive(sink: Sink, faults: readonly PreparedFault[], context: LiveContext): Sink {
  const bending = bendingOf(faults);
  return bending.length === 0 ? sink : link(sink, bending, context);
}

type Bending = { readonly kind: string; readonly bend: NonNullable<PreparedFault["bend"]> };

function bendingOf(faults: readonly PreparedFault[]): readonly Bending[] {
  return faults.flatMap(({ kind, bend }) => (bend === undefined ? [] : [{ kind, bend }]));
}

/** A sink that says when nothing more will be passed on. */
type Chain = Sink & { over(): boolean };

const source = "the source";

function link(sink: Sink, faults: readonly Bending[], context: LiveContext): Chain {
  const last = guard(sink, faults.at(-1)?.kind ?? source);
  const at: FaultContext["at"] = (atMs, task) => context.at(atMs, (nowMs) => void (last.over() || task(nowMs)));
  let first: Chain = last;
  for (const [index, { kind, bend }] of [...faults.entries()].toReversed()) {
    const stage = bend(first, { ...context, at, fired: once(() => context.fired(kind)) });
    first = guard(stage, faults[index - 1]?.kind ?? source);
  }
  const entrance = first;
  return {
    head: (atMs, head) => void (last.over() || entrance.head(atMs, head)),
    data: (frame) => void (last.over() || entrance.data(frame)),
    end: (atMs, ending) => void (last.over() || entrance.end(atMs, ending)),
    over: () => last.over(),
  };
}

/** Holds a stage to the order that the next one relies on: one head, then data, one end, time never going back. */
function guard(next: Sink, stage: string): Chain {
  let state: "before" | "open" | "over" = "before";
  let lastMs = 0;
  return {
    head(atMs, head) {
      if (state === "over") return;
      if (state === "open") throw new StuntdoubleError("INTERNAL", `Two heads came from ${stage}.`);
      state = "open";
      lastMs = Math.max(lastMs, atMs);
      next.head(lastMs, head);
    },
    data(frame) {
      if (state === "over") return;
      if (state === "before") throw new StuntdoubleError("INTERNAL", `Data came from ${stage} before the head.`);
      const late = frame.atMs < lastMs;
      lastMs = Math.max(lastMs, frame.atMs);
      next.data(late ? { ...frame, atMs: lastMs } : frame);
    },
    end(atMs, ending) {
      if (state === "over") return;
      state = "over";
      next.end(Math.max(lastMs, atMs), ending);
    },
    over: () => state === "over",
  };
}

type Alarms = Pick<FaultContext, "at"> & {
  /** Runs the earliest task that is due by then. @returns false when there is none */
  runNext(untilMs: number): boolean;
};

function createAlarms(): Alarms {
  const waiting: { readonly atMs: number; task(atMs: number): void }[] = [];
  return {
    at(atMs, task) {
      const later = waiting.findIndex((alarm) => alarm.atMs > atMs);
      waiting.splice(later === -1 ? waiting.length : later, 0, { atMs, task });
    },
    runNext(untilMs) {
      const alarm = waiting[0];
      if (alarm === undefined || alarm.atMs > untilMs) return false;
      waiting.shift();
      alarm.task(alarm.atMs);
      return true;
    },
  };
}

type Surroundings = { readonly alarms: Alarms; readonly result: Collector };

function pour(plan: Plan, chain: Chain, { alarms, result }: Surroundings): void {
  const turnTo = (atMs: number): boolean => {
    while (!chain.over() && alarms.runNext(atMs)) continue;
    return !chain.over();
  };
  if (plan.head !== undefined && turnTo(plan.headAtMs)) chain.head(plan.headAtMs, plan.head);
  for (const frame of plan.frames) {
    if (!turnTo(frame.atMs)) return;
    if (frame instanceof LateFrame) pourLate(frame, chain, result);
    else chain.data(frame);
  }
  if (turnTo(plan.endAtMs)) chain.end(plan.endAtMs, plan.ending);
}

/** Faults are given a record; a frame that they let through as it was stays the small thing it is while it waits. */
function pourLate(frame: LateFrame, chain: Chain, result: Collector): void {
  const record = frame.record();
  chain.data(record);
  result.swapLast(record, frame);
}

/** A plan is bent as a whole, and a piece takes about 230 bytes. */
const maxPieces = 500_000;

type Collector = Sink & {
  plan(): Plan;
  /** Puts another frame in the place of the last one, if that is `frame`. */
  swapLast(frame: Frame, by: PlannedFrame): void;
};

function collector(maxFrames: number): Collector {
  const frames: PlannedFrame[] = [];
  let head: Head | undefined;
  let headAtMs: number | undefined;
  let end: { readonly ending: Ending; readonly endAtMs: number } | undefined;
  return {
    head(atMs, given) {
      head = given;
      headAtMs = atMs;
    },
    data(frame) {
      if (frames.length === maxFrames) {
        const message = `The faults of this call would divide its response into more than ${maxFrames} pieces; a larger sliceBytes makes fewer.`;
        throw new StuntdoubleError("RESPONSE_TOO_LARGE", message);
      }
      frames.push(frame);
    },
    end: (endAtMs, ending) => void (end = { ending, endAtMs }),
    swapLast(frame, by) {
      if (frames.at(-1) === frame) frames[frames.length - 1] = by;
    },
    plan() {
      if (end === undefined) throw new StuntdoubleError("INTERNAL", "A fault never ended the response.");
      return { head, headAtMs: headAtMs ?? end.endAtMs, frames, ...end };
    },
  };
}

function once(task: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    task();
  };
}

/** A response of its own is complete at once; nothing of it waits for a time. */
function noAlarm(): never {
  throw new StuntdoubleError("INTERNAL", "A fault that responds by itself cannot set an alarm.");
}
