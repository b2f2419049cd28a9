import type { Ending, Frame, Head, Plan, Sink } from "../types.ts";
import type { PreparedFault } from "./index.ts";
import type { FaultContext } from "./types.ts";

/** A call's context; each fault is told apart by its kind when it fires. */
export type BendContext = Omit<FaultContext, "fired" | "at"> & { fired(kind: string): void };

type At = FaultContext["at"];

/**
 * The answer of the first fault that needs no source; undefined when all of them bend an answer.
 *
 * @returns already bent by the other faults
 */
export function replacement(faults: readonly PreparedFault[], context: BendContext): Plan | undefined {
  const replacing = faults.find((fault) => fault.replace !== undefined);
  if (replacing?.replace === undefined) return undefined;
  const plan = replacing.replace({ ...context, at() {}, fired: () => context.fired(replacing.kind) });
  return bendPlan(plan, faults, context);
}

/** A plan as the faults leave it; they act in the order of the list. */
export function bendPlan(plan: Plan, faults: readonly PreparedFault[], context: BendContext): Plan {
  const alarms: { atMs: number; task: (atMs: number) => void }[] = [];
  const collected = collector(plan);
  const first = bendLive(collected.sink, faults, context, (atMs, task) => void alarms.push({ atMs, task }));
  const ring = (untilMs: number): void => {
    const due = alarms.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
    for (const alarm of due) {
      alarms.splice(alarms.indexOf(alarm), 1);
      alarm.task(alarm.atMs);
    }
  };
  ring(plan.headAtMs);
  if (plan.head !== undefined) first.head(plan.headAtMs, plan.head);
  for (const frame of plan.frames) {
    ring(frame.atMs);
    first.data(frame);
  }
  ring(plan.ending === "stall" ? Infinity : plan.endAtMs);
  first.end(plan.endAtMs, plan.ending);
  return collected.plan();
}

/**
 * Puts the faults in front of a sink: what is poured into the result reaches it bent.
 *
 * @param at runs a task at a time of the call
 * @returns passes on a head at most once, data after it, an end at most once, nothing after that, and no time going back
 */
export function bendLive(sink: Sink, faults: readonly PreparedFault[], context: BendContext, at: At): Sink {
  let next = orderly(sink);
  for (const fault of [...faults].reverse()) {
    if (fault.bend === undefined) continue;
    let told = false;
    const fired = (): void => {
      if (!told) context.fired(fault.kind);
      told = true;
    };
    next = fault.bend(next, { ...context, fired, at });
  }
  return next;
}

function orderly(next: Sink): Sink {
  let over = false;
  let headed = false;
  let lastMs = 0;
  const inOrder = (atMs: number): number => (lastMs = Math.max(lastMs, atMs));
  return {
    head(atMs, head) {
      if (over || headed) return;
      headed = true;
      next.head(inOrder(atMs), head);
    },
    data(frame) {
      if (over || !headed) return;
      const atMs = inOrder(frame.atMs);
      next.data(atMs === frame.atMs ? frame : { ...frame, atMs });
    },
    end(atMs, ending) {
      if (over) return;
      over = true;
      next.end(inOrder(atMs), ending);
    },
  };
}

/** Gathers what is poured in as a plan again. */
function collector(original: Plan): { sink: Sink; plan(): Plan } {
  let head: Head | undefined;
  let headAtMs = 0;
  const frames: Frame[] = [];
  let ending: Ending = original.ending;
  let endAtMs = original.endAtMs;
  return {
    sink: {
      head(atMs, given) {
        head = given;
        headAtMs = atMs;
      },
      data: (frame) => void frames.push(frame),
      end(atMs, given) {
        ending = given;
        endAtMs = atMs;
      },
    },
    plan: () => ({ head, headAtMs, frames, ending, endAtMs }),
  };
}
