import { describe, expect, test } from "vitest";
import { bendLive, bendPlan, prepareFault, type PreparedFault } from "../../../../../src/core/faults/index.ts";
import type { FaultContext } from "../../../../../src/core/faults/engine/types.ts";
import { framesBy } from "../../../../../src/core/frames.ts";
import type { Frame, Plan, Sink } from "../../../../../src/core/types.ts";
import { framesOf } from "../../../../support/frames.ts";
import { bend, context, event, live, simulatedStream, stream, streamHead, textOf } from "../support.ts";

/** A fault made for one test. */
const made = (kind: string, bend: (next: Sink, context: FaultContext) => Sink): PreparedFault => ({
  headOnly: false,
  kind,
  bend,
  respond: undefined,
});

test("faults act in the order of the list, each on what the one before it passed on", () => {
  const { plan, fired } = bend(stream, { kind: "delay", ms: 1000 }, { kind: "cut", afterMs: 1115 });
  expect(plan.headAtMs).toBe(1020);
  expect(plan.frames.map(({ atMs }) => atMs)).toEqual([1100, 1100, 1110]);
  expect([plan.ending, plan.endAtMs]).toEqual(["cut", 1115]);
  expect(fired).toEqual(["delay", "cut"]);
});

test("the other order gives another response", () => {
  const { plan, fired } = bend(stream, { kind: "cut", afterMs: 1115 }, { kind: "delay", ms: 1000 });
  expect([plan.frames.length, plan.ending, plan.endAtMs]).toEqual([7, "finish", 1140]);
  expect(fired).toEqual(["delay"]);
});

test("a fault after the one that ended the response does not fire", () => {
  const { fired } = bend(stream, { kind: "cut", afterTokens: 3 }, { kind: "reset", afterTokens: 1 });
  expect(fired).toEqual(["reset"]);
});

test.each([1, 3])("a fault fires once, however much of the response it touches: %i in the list", (copies) => {
  const faults = Array.from({ length: copies }, () => ({ kind: "drip", sliceBytes: 1 }));
  expect(bend(stream, ...faults).fired).toEqual(faults.map(() => "drip"));
  expect(live(stream, faults).fired).toEqual(faults.map(() => "drip"));
});

test("a plan without faults that bend is given back as it is", () => {
  expect(bendPlan(stream, [], context())).toBe(stream);
});

test("a plan that breaks off before its head has no head to delay", () => {
  const broken = { head: undefined, headAtMs: 30, frames: [], ending: "reset", endAtMs: 30 } as const;
  expect(bend(broken, { kind: "delay", ms: 10 })).toEqual({ plan: broken, fired: [] });
});

test("a live response is passed on piece by piece as it arrives", () => {
  const { seenAtMs } = live(stream, [{ kind: "cut", afterTokens: 2 }]);
  expect(seenAtMs).toEqual([20, 100, 100, 110, 110]);
});

test("nothing reaches the client of a live response after its end", () => {
  const { plan, seenAtMs } = live(stream, [{ kind: "clean-end", afterTokens: 1 }]);
  expect(plan.frames).toEqual(stream.frames.slice(0, 2));
  expect(seenAtMs).toHaveLength(4);
});

test("alarms ring in time order between the pieces, those of the same time in the order they were set", () => {
  const heard: string[] = [];
  const clockwork = made("clockwork", (next, context) => {
    context.at(105, () => heard.push("105"));
    context.at(30, () => {
      heard.push("30");
      context.at(40, () => heard.push("40, set at 30"));
    });
    context.at(30, () => heard.push("30 again"));
    return { ...next, data: (frame) => void heard.push(`piece ${frame.atMs}`) };
  });
  bendPlan({ ...stream, frames: [event(50, "1"), event(105, "2"), event(110, "3")] }, [clockwork], context());
  expect(heard).toEqual(["30", "30 again", "40, set at 30", "piece 50", "105", "piece 105", "piece 110"]);
});

test("an alarm may end a response that the fault held back to the end", () => {
  const late = made("late", (next, context) => {
    context.at(900, (atMs) => next.end(atMs, "finish"));
    return { head: (atMs, head) => next.head(atMs, head), data: (frame) => next.data(frame), end: () => undefined };
  });
  expect(bendPlan(stream, [late], context()).endAtMs).toBe(900);
});

test("a fault whose point lies beyond the end does not fire while a later fault holds the end back", () => {
  const fired: string[] = [];
  const late = made("late", (next, context) => {
    context.at(9000, (atMs) => next.end(atMs, "finish"));
    return { ...next, end: () => undefined };
  });
  const plan = bendPlan(stream, [prepareFault({ kind: "cut", afterMs: 500 }), late], context(fired));
  expect([plan.ending, plan.endAtMs]).toEqual(["finish", 9000]);
  expect(fired).toEqual([]);
});

test("an alarm set by a fault does not ring once the response has ended", () => {
  let rang = false;
  const clockwork = made("clockwork", (next, context) => {
    context.at(5000, () => void (rang = true));
    return next;
  });
  bendPlan(stream, [clockwork], context());
  expect(rang).toBe(false);
});

test("times that a fault turned back are held at the latest time so far", () => {
  const backwards = made("backwards", (next) => ({
    head: (atMs, head) => next.head(atMs, head),
    data: (frame) => next.data({ ...frame, atMs: 130 - frame.atMs }),
    end: (_atMs, ending) => next.end(0, ending),
  }));
  const plan = bendPlan(stream, [backwards], context());
  expect(framesOf(plan).map(({ atMs }) => atMs)).toEqual([30, 30, 30, 30, 30, 30, 30]);
  expect(plan.endAtMs).toBe(30);
});

test("a fault that sends data before the head is named in the error", () => {
  const early = made("early", (next) => ({ ...next, head: () => next.data(event(0, "too soon")) }));
  expect(() => bendPlan(stream, [early], context())).toThrow("Data came from early before the head.");
});

test("a fault that sends two heads is named in the error", () => {
  const twice = made("twice", (next) => ({
    ...next,
    head(atMs, head) {
      next.head(atMs, head);
      next.head(atMs, head);
    },
  }));
  const sink: Sink = { head: () => undefined, data: () => undefined, end: () => undefined };
  const chain = bendLive(sink, [twice], { ...context(), at: () => undefined });
  expect(() => chain.head(1, streamHead)).toThrow("Two heads came from twice.");
});

test("a fault that never ends the response is an error, not an endless plan", () => {
  const endless = made("endless", (next) => ({ ...next, end: () => undefined }));
  expect(() => bendPlan(stream, [endless], context())).toThrow("A fault never ended the response.");
});

/** Changes every frame by a copy, and sends the first twice. */
const copying = made("copying", (next) => {
  let repeated = false;
  return {
    ...next,
    head: (atMs, head) => next.head(atMs, { ...head, status: 203 }),
    data(frame) {
      next.data({ ...frame, final: true });
      if (!repeated) next.data({ ...frame, tokens: 0 });
      repeated = true;
    },
    end: (atMs, ending) => next.end(atMs, ending),
  };
});

test("a fault may copy the frames of a simulated stream and of a live one with other members", () => {
  const [first, ...others] = framesOf(simulatedStream).map((frame) => ({ ...frame, final: true }));
  const copied = [first, { ...framesOf(simulatedStream)[0], tokens: 0 }, ...others];
  expect(framesOf(bendPlan(simulatedStream, [copying], context()))).toEqual(copied);
  const received: Frame[] = [];
  const sink: Sink = { head: () => undefined, data: (frame) => void received.push(frame), end: () => undefined };
  const chain = bendLive(sink, [copying], { ...context(), at: () => undefined });
  chain.head(0, streamHead);
  for (const frame of framesOf(simulatedStream)) chain.data(frame);
  expect(received).toEqual(copied);
});

describe("a long plan", () => {
  /** A stream of so many tokens, whose frames are counted as they are made. */
  function counted(tokens: number): { plan: Plan; made: () => number } {
    let made = 0;
    const frames = framesBy(function* () {
      for (let index = 0; index < tokens; index += 1) {
        made += 1;
        yield { atMs: index, data: `data: {"n":${index}}\n\n`, tokens: 1, final: false };
      }
    });
    const plan: Plan = { head: streamHead, headAtMs: 0, frames, ending: "finish", endAtMs: tokens, bytes: 1000 };
    return { plan, made: () => made };
  }
  const delayed = [prepareFault({ kind: "delay", ms: 10, afterTokens: 3 })];

  test("is bent anew as it is read, frame by frame, and takes no more memory", () => {
    const { plan, made } = counted(1000);
    const bent = bendPlan(plan, delayed, context());
    const before = made();
    expect(Array.from(bent.frames, ({ atMs }) => atMs).slice(0, 5)).toEqual([0, 1, 2, 13, 14]);
    expect(made() - before).toBe(1000);
    const [first] = bent.frames;
    expect(first).toMatchObject({ atMs: 0 });
    expect(made() - before).toBe(1001);
    expect(bent.bytes).toBeLessThan(2000);
  });

  test("is the same each time it is read, and its faults fire once", () => {
    const fired: string[] = [];
    const bent = bendPlan(counted(100).plan, delayed, { ...context(), fired: (kind) => void fired.push(kind) });
    expect(framesOf(bent)).toEqual(framesOf(bent));
    expect(framesOf(bent)).toHaveLength(100);
    expect(fired).toEqual(["delay"]);
  });

  test("of which one frame becomes many pieces counts them all", () => {
    const body = { atMs: 0, data: "x".repeat(1000), tokens: 0, final: false };
    const whole: Plan = { head: streamHead, headAtMs: 0, frames: [body], ending: "finish", endAtMs: 0 };
    const bent = bendPlan(whole, [prepareFault({ kind: "drip", sliceBytes: 1 })], context());
    expect(framesOf(bent)).toHaveLength(1000);
    expect(bent.bytes).toBeGreaterThan(100_000);
  });
});

test("bending leaves the plan it was given untouched", () => {
  const before = structuredClone(stream);
  expect(textOf(bend(stream, { kind: "drip", sliceBytes: 3 }, { kind: "malformed" }).plan)).not.toBe(textOf(stream));
  expect(stream).toEqual(before);
});
