import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Player } from "../../src/act/player.ts";
import { createWheel } from "../../src/act/timer-wheel.ts";
import type { Ending, Frame } from "../../src/core/types.ts";
import { createBusyClock } from "../support/clocks/busy-clock.ts";
import { createTimes } from "../support/times.ts";
import { createRecordingReply, type RecordingReply } from "../support/reply.ts";
import type { MadePlan } from "../support/frames.ts";

const pieces = fc.record({
  gapMs: fc.nat({ max: 60 }),
  data: fc.oneof(fc.string({ unit: "grapheme", maxLength: 12 }), fc.uint8Array({ maxLength: 12 })),
  tokens: fc.nat({ max: 3 }),
});

const plans: fc.Arbitrary<MadePlan> = fc
  .record({
    headAtMs: fc.nat({ max: 100 }),
    pieces: fc.array(pieces, { maxLength: 15 }),
    restMs: fc.nat({ max: 60 }),
    ending: fc.constantFrom<Ending>("finish", "cut", "reset", "stall"),
  })
  .map(({ headAtMs, pieces, restMs, ending }) => {
    let atMs = headAtMs;
    const frames: Frame[] = pieces.map(({ gapMs, ...piece }) => ({ ...piece, final: false, atMs: (atMs += gapMs) }));
    return { head: { status: 200, headers: [] }, headAtMs, frames, ending, endAtMs: atMs + restMs };
  });

/** What may come between a plan and its client. */
const troubles = fc.oneof(
  fc.record({ does: fc.constant("advance" as const), ms: fc.nat({ max: 120 }) }),
  fc.record({ does: fc.constant("block" as const), ms: fc.nat({ max: 120 }) }),
  fc.record({ does: fc.constantFrom("slow" as const, "drain" as const) }),
);
type Trouble = typeof troubles extends fc.Arbitrary<infer Value> ? Value : never;

const longerThanAnyPlanMs = 5000;

function setUp() {
  const clock = createBusyClock();
  const reply = createRecordingReply(clock);
  const settled: string[] = [];
  const loop = { clock, wheel: createWheel(clock) };
  const player = new Player(reply, createTimes(loop), {
    settled: (ending) => void settled.push(ending),
    waiting: () => undefined,
    failed: () => undefined,
  });
  const meet = (trouble: Trouble): void => {
    if (trouble.does === "advance") clock.advance(trouble.ms);
    else if (trouble.does === "block") clock.block(trouble.ms);
    else if (trouble.does === "drain") reply.drain();
    else reply.slow = true;
  };
  const calm = (): void => {
    reply.drain();
    clock.advance(longerThanAnyPlanMs);
  };
  return { clock, loop, reply, player, settled, meet, calm };
}

const bytesOf = (data: string | Uint8Array): Buffer => Buffer.from(data as Uint8Array);
const dueBy = ({ frames }: MadePlan, atMs: number): Buffer =>
  Buffer.concat(frames.filter((frame) => frame.atMs <= atMs).map(({ data }) => bytesOf(data)));

/** Each piece of the body with the time at which it left. */
function bodyOf({ sent }: RecordingReply): { atMs: number; data: Buffer }[] {
  return sent.flatMap((each) => {
    if (each[1] === "write") return [{ atMs: each[0], data: bytesOf(each[2]) }];
    return each[1] === "whole" ? [{ atMs: each[0], data: bytesOf(each[3]) }] : [];
  });
}

/** The order of calls that every response keeps to. */
function shapeOf({ sent }: RecordingReply, ending: Ending): string {
  const words = sent.map(([, what]) => what).join(" ");
  const last = { finish: " end", cut: " cut", reset: " reset", stall: "" }[ending];
  return new RegExp(`^(whole|head( write)*${last})$`).test(words) ? "right" : words;
}

test("whatever the loop and the client do, a plan's bytes leave all, in order and never early, and nothing after the end", () => {
  fc.assert(
    fc.property(plans, fc.array(troubles, { maxLength: 25 }), (plan, troubles) => {
      const { clock, loop, reply, player, settled, meet, calm } = setUp();
      player.play(plan);
      for (const trouble of troubles) meet(trouble);
      calm();
      expect(shapeOf(reply, plan.ending)).toBe("right");
      const sentSoFar: Buffer[] = [];
      for (const { atMs, data } of bodyOf(reply)) {
        sentSoFar.push(data);
        expect(Buffer.concat(sentSoFar).length).toBeLessThanOrEqual(dueBy(plan, atMs).length);
      }
      expect(Buffer.concat(sentSoFar)).toEqual(dueBy(plan, Infinity));
      expect(player.tokens).toBe(plan.frames.reduce((sum, { tokens }) => sum + tokens, 0));
      expect(settled).toEqual(plan.ending === "stall" ? [] : [plan.ending]);
      reply.leave();
      expect(settled).toEqual([plan.ending]);
      expect([loop.wheel.size(), clock.pending()]).toEqual([0, 0]);
    }),
    { seed: 1, numRuns: 500 },
  );
});

test("with nothing in the way, every byte leaves at its planned time and the end too", () => {
  fc.assert(
    fc.property(plans, (plan) => {
      const { reply, player, calm } = setUp();
      player.play(plan);
      calm();
      const sentSoFar: Buffer[] = [];
      for (const { atMs, data } of bodyOf(reply)) {
        sentSoFar.push(data);
        expect(Buffer.concat(sentSoFar)).toEqual(dueBy(plan, atMs));
        expect(plan.frames.map((frame) => frame.atMs)).toContain(atMs);
      }
      if (plan.ending !== "stall") expect(reply.sent.at(-1)![0]).toBe(plan.endAtMs);
      expect(player.scheduleError()?.max ?? 0).toBe(0);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test("a client that leaves at any moment settles the call once, and what it got is the beginning of the plan", () => {
  fc.assert(
    fc.property(plans, fc.array(troubles, { maxLength: 12 }), (plan, troubles) => {
      const { loop, reply, player, settled, meet, calm } = setUp();
      player.play(plan);
      for (const trouble of troubles) meet(trouble);
      const before = reply.sent.length;
      reply.leave();
      calm();
      expect(reply.sent).toHaveLength(before);
      expect(settled).toHaveLength(1);
      expect(["client-gone", plan.ending]).toContain(settled[0]);
      const got = Buffer.concat(bodyOf(reply).map(({ data }) => data));
      expect(got).toEqual(dueBy(plan, Infinity).subarray(0, got.length));
      expect(loop.wheel.size()).toBe(0);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test("a live source gets through byte for byte, whatever the loop and the client do", () => {
  fc.assert(
    fc.property(plans, fc.array(troubles, { minLength: 20, maxLength: 20 }), (plan, troubles) => {
      const { reply, player, settled, meet, calm } = setUp();
      player.head(plan.headAtMs, plan.head!);
      plan.frames.forEach((frame, index) => {
        meet(troubles[index]!);
        player.data(frame);
      });
      player.end(plan.endAtMs, plan.ending);
      for (const trouble of troubles.slice(plan.frames.length)) meet(trouble);
      calm();
      expect(shapeOf(reply, plan.ending)).toBe("right");
      expect(Buffer.concat(bodyOf(reply).map(({ data }) => data))).toEqual(dueBy(plan, Infinity));
      expect(settled).toEqual(plan.ending === "stall" ? [] : [plan.ending]);
    }),
    { seed: 1, numRuns: 300 },
  );
});
