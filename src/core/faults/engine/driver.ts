import { StuntdoubleError } from "../../errors.ts";
import type { Frame, Head, Plan, Sink } from "../../types.ts";
import { Collector } from "./collector.ts";
import { Holding } from "./holding.ts";
import { BentFrames, restOf, type LetGo, type Steps } from "./let-go.ts";
import { silence } from "./point.ts";
import type { FaultContext } from "./types.ts";

/** A fault with its options checked and filled in. */
export type PreparedFault = {
  readonly kind: string;
  /** It looks at the head of a response only, and lets nothing of its body through. */
  readonly headOnly: boolean;
  readonly ownConnection?: "cut" | "refused" | undefined;
  readonly respond: ((context: FaultContext) => Plan) | undefined;
  readonly bend: ((next: Sink, context: FaultContext) => Sink) | undefined;
};

/** A call as its faults see it together. */
export type BendContext = Omit<FaultContext, "fired" | "at" | "whenLetGo"> & {
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
    const plan = respond({ ...context, at: noAlarm, whenLetGo: ignored, fired: once(() => context.fired(kind)) });
    return bendPlan(plan, faults, context);
  }
  return undefined;
}

/**
 * A plan as the faults leave it, each acting on what the one before it in the list passed on.
 *
 * It is bent once to know how it ends. Where its frames are many they are not kept, but made and bent again as they are
 * asked for.
 *
 * @returns frames in time order; nothing after the end
 * @throws RESPONSE_TOO_LARGE when they divide it into far too many pieces; INTERNAL when a fault breaks the order of head,
 *   data and end, or never ends
 */
export function bendPlan(plan: Plan, faults: readonly PreparedFault[], context: BendContext): Plan {
  const bending = bendingOf(faults);
  if (bending.length === 0) return plan;
  const result = new Collector();
  const pouring = new Pouring(plan, result, { faults: bending, context });
  do result.nextStep();
  while (pouring.step());
  const again: Bends = { faults: bending, context: { ...context, fired: () => undefined } };
  const frames = (): BentFrames => new BentFrames((sink) => new Pouring(plan, sink, again));
  return { ...result.plan(plan, frames), letGo: (played) => restOf(plan, played, frames) };
}

/**
 * The sink that takes a live response and passes it on to `sink` as the faults leave it.
 *
 * @param context `at` runs its task at that time of the call or later, and never before
 * @returns passes on nothing after the end, and never goes back in time; after `letGo` it passes on all as it comes
 * @throws INTERNAL, from its methods, when a fault breaks the order of head, data and end
 */
export function bendLive(sink: Sink, faults: readonly PreparedFault[], context: LiveContext): LiveBend {
  const bending = bendingOf(faults);
  return bending.length === 0 ? unbent(sink) : link(sink, bending, context);
}

/** A live response on its way through its faults. */
export type LiveBend = Sink & {
  /** No fault acts any more: what was held back leaves, and what comes from now on passes as it is. */
  letGo(): void;
};

type Bending = { readonly kind: string; readonly bend: NonNullable<PreparedFault["bend"]> };

function bendingOf(faults: readonly PreparedFault[]): readonly Bending[] {
  return faults.flatMap(({ kind, bend }) => (bend === undefined ? [] : [{ kind, bend }]));
}

/** A sink that says when nothing more will be passed on, and whether its head has been. */
type Chain = Sink & { over(): boolean; begun(): boolean };

const source = "the source";

/** A response on its way through its faults, and what they hold back. */
type Link = Chain & {
  letGo(): LetGo;
  /** In the order of the source. */
  held(): readonly Frame[];
};

function link(sink: Sink, faults: readonly Bending[], context: LiveContext): Link {
  const last = guard(sink, faults.at(-1)?.kind ?? source);
  let isLetGo = false;
  const at: FaultContext["at"] = (atMs, task) =>
    context.at(atMs, (nowMs) => void (last.over() || isLetGo || task(nowMs)));
  const holding = new Holding();
  let first: Chain = last;
  for (const [index, { kind, bend }] of [...faults.entries()].toReversed()) {
    const own = holding.stage(context.letGo);
    const stage = bend(first, { ...context, ...own, at, fired: once(() => context.fired(kind)) });
    first = guard(stage, faults[index - 1]?.kind ?? source);
  }
  let entrance: Sink = first;
  let given: { readonly atMs: number; readonly head: Head } | undefined;
  return {
    head(atMs, head) {
      given = { atMs, head };
      if (!last.over()) entrance.head(atMs, head);
    },
    data: (frame) => void (last.over() || entrance.data(frame)),
    end: (atMs, ending) => void (last.over() || entrance.end(atMs, ending)),
    over: () => last.over(),
    begun: () => last.begun(),
    held: () => holding.held(),
    letGo() {
      if (last.over() || isLetGo) return "passes";
      isLetGo = true;
      // The times that faults have moved bind nothing that comes now.
      if (given !== undefined && !last.begun()) sink.head(given.atMs, given.head);
      for (const frame of holding.held()) sink.data(frame);
      entrance = holding.isAbandoned ? silence : sink;
      if (!holding.isAbandoned) return "passes";
      sink.end(given?.atMs ?? 0, "cut");
      return "ends";
    },
  };
}

function unbent(sink: Sink): Link {
  return {
    head: (atMs, head) => sink.head(atMs, head),
    data: (frame) => sink.data(frame),
    end: (atMs, ending) => sink.end(atMs, ending),
    over: () => false,
    begun: () => true,
    held: () => [],
    letGo: () => "passes",
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
    begun: () => state !== "before",
  };
}

/** What bends a plan. */
type Bends = { readonly faults: readonly Bending[]; readonly context: BendContext };

/** A plan on its way through its faults, piece by piece. */
class Pouring implements Steps {
  readonly #plan: Plan;
  readonly #sink: Sink;
  readonly #alarms = createAlarms();
  readonly #frames: Iterator<Frame>;
  #chain: Link;
  #state: "before" | "open" | "over" = "before";
  #isWhole = false;
  taken: Frame | undefined = undefined;

  constructor(plan: Plan, sink: Sink, { faults, context }: Bends) {
    this.#plan = plan;
    this.#sink = sink;
    this.#chain = link(sink, faults, { ...context, at: this.#alarms.at });
    this.#frames = plan.frames[Symbol.iterator]();
  }

  letGo(): LetGo {
    const what = this.#chain.letGo();
    this.#chain = unbent(this.#sink);
    if (this.#state === "over" && !this.#isWhole) this.#state = "open";
    return what;
  }

  held(): readonly Frame[] {
    return this.#chain.held();
  }

  /** Passes on the head, the next frame or the end, and what is due before it. @returns false when nothing more will come */
  step(): boolean {
    const { head, headAtMs, endAtMs, ending } = this.#plan;
    this.taken = undefined;
    if (this.#state === "over") return !this.#chain.over() && this.#alarms.runNext(Infinity);
    if (this.#state === "before") {
      this.#state = "open";
      if (head !== undefined && this.#turnTo(headAtMs)) this.#chain.head(headAtMs, head);
      return true;
    }
    const next = this.#frames.next();
    this.taken = next.value;
    if (next.done === true) {
      this.#state = "over";
      this.#isWhole = true;
      if (this.#turnTo(endAtMs)) this.#chain.end(endAtMs, ending);
    } else if (this.#turnTo(next.value.atMs)) this.#chain.data(next.value);
    else this.#state = "over";
    return true;
  }

  #turnTo(atMs: number): boolean {
    while (!this.#chain.over() && this.#alarms.runNext(atMs)) continue;
    return !this.#chain.over();
  }
}

function once(task: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    task();
  };
}

function ignored(): void {}

/** A response of its own is complete at once; nothing of it waits for a time. */
function noAlarm(): never {
  throw new StuntdoubleError("INTERNAL", "A fault that responds by itself cannot set an alarm.");
}

/** The tasks of a plan that wait for their time. */
type Alarms = Pick<FaultContext, "at"> & {
  /** Runs the earliest task that is due by then. @returns false when there is none */
  runNext(untilMs: number): boolean;
};

/** Makes alarms that go off when they are told how late it is. */
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
