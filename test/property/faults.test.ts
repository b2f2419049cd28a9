import * as fc from "fast-check";
import { expect, test } from "vitest";
import { bendPlan, faults, prepareFault } from "../../src/core/faults/index.ts";
import type { Ending, FaultConfig, Frame, Plan } from "../../src/core/types.ts";
import { chat } from "../../src/core/dialects/openai/chat/index.ts";
import { simulated } from "../support/simulated.ts";
import { bend, context, jsonHead, live, liveUntil, streamHead } from "../unit/core/faults/support.ts";
import { framesOf, made } from "../support/frames.ts";

const piece = fc.record({
  gapMs: fc.nat({ max: 60 }),
  data: fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 12 }).map((text) => `data: ${JSON.stringify({ text })}\n\n`),
    fc.string({ unit: "grapheme", maxLength: 12 }).map((content) => {
      const usage = content.length > 6 ? { total_tokens: content.length } : null;
      return `data: ${JSON.stringify({ id: "c", model: "m", choices: [{ index: 0, delta: { content } }], usage })}\n\n`;
    }),
    fc.uint8Array({ maxLength: 12 }),
    fc.constant(": comment\n\n"),
  ),
  tokens: fc.nat({ max: 2 }),
  final: fc.boolean(),
});

const plans: fc.Arbitrary<Plan> = fc
  .record({
    head: fc.constantFrom(streamHead, jsonHead),
    headAtMs: fc.nat({ max: 100 }),
    pieces: fc.array(piece, { maxLength: 15 }),
    restMs: fc.nat({ max: 60 }),
    ending: fc.constantFrom<Ending>("finish", "finish", "cut", "reset", "stall"),
  })
  .map(({ head, headAtMs, pieces, restMs, ending }) => {
    let atMs = headAtMs;
    const frames: Frame[] = pieces.map(({ gapMs, ...frame }) => ({ ...frame, atMs: (atMs += gapMs) }));
    return { head, headAtMs, frames, ending, endAtMs: atMs + restMs };
  });

const points = fc.oneof(
  fc.constant({}),
  fc.record({ where: fc.constantFrom("head", "body", "firstToken") }),
  fc.record({ afterTokens: fc.nat({ max: 12 }) }),
  fc.record({ afterEvents: fc.nat({ max: 15 }) }),
  fc.record({ afterBytes: fc.nat({ max: 200 }) }),
  fc.record({ afterMs: fc.nat({ max: 600 }) }),
);

/** The options that a kind needs, or that make it worth testing. */
const settings: Readonly<Record<string, fc.Arbitrary<object>>> = {
  replace: fc.record({ status: fc.integer({ min: 400, max: 599 }) }),
  delay: fc.record({ ms: fc.integer({ min: 1, max: 300 }) }),
  drip: fc.oneof(
    fc.record({ sliceBytes: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ bytesPerSecond: fc.integer({ min: 1, max: 5000 }) }),
    fc.record({ sliceBytes: fc.integer({ min: 1, max: 9 }), bytesPerSecond: fc.integer({ min: 1, max: 5000 }) }),
  ),
  stall: fc.oneof(
    fc.record({ forMs: fc.integer({ min: 1, max: 400 }) }, { requiredKeys: [] }),
    fc.record({
      forMs: fc.integer({ min: 1, max: 900 }),
      with: fc.constantFrom("comments", "emptyDeltas"),
      everyMs: fc.integer({ min: 100, max: 300 }),
    }),
    fc.record({ with: fc.constantFrom("comments", "emptyDeltas"), everyMs: fc.constant(600_000) }),
  ),
  malformed: fc.record({ what: fc.constantFrom("invalid-json", "truncated-json") }),
  event: fc.record({
    what: fc.constantFrom("lost", "duplicated", "reordered", "cut", "unknown-type", "wrong-index", "wrong-id"),
  }),
  framing: fc.record({ what: fc.constantFrom("cr", "crlf", "bom", "split-utf8") }),
  content: fc.record({
    what: fc.constantFrom("refusal", "filtered", "empty", "length", "wrong-schema", "other-model"),
  }),
  "tool-call": fc.record({ what: fc.constantFrom("unknown-name", "invalid-json", "wrong-schema", "duplicate-ids") }),
  usage: fc.record({ what: fc.constantFrom("missing", "zero", "absurd") }),
};

const bending = faults.filter(({ bend }) => bend !== undefined);

function configOf({ kind, options }: (typeof faults)[number]): fc.Arbitrary<FaultConfig> {
  const point = "where" in options.shape ? points : fc.constant({});
  return fc
    .tuple(point, settings[kind] ?? fc.constant({}))
    .map(([point, own]) => ({ kind, ...("with" in own && "afterBytes" in point ? {} : point), ...own }));
}

const faultOf = (kind: string): fc.Arbitrary<FaultConfig> => configOf(bending.find((fault) => fault.kind === kind)!);

const anyFault = fc.constantFrom(...bending).chain(configOf);
const lists = fc.array(anyFault, { minLength: 1, maxLength: 3 });

const bytesOf = (plan: Plan) => Buffer.concat(framesOf(plan).map(({ data }) => Buffer.from(data)));
const tokensOf = (plan: Plan) => framesOf(plan).reduce((sum, { tokens }) => sum + tokens, 0);

/** What a plan takes while it waits is known of planned responses only. */
function withoutSize({ head, headAtMs, frames, ending, endAtMs }: Plan): Plan {
  return { head, headAtMs, frames, ending, endAtMs };
}

test("a live response is bent exactly as the same response planned in advance", () => {
  fc.assert(
    fc.property(plans, lists, (plan, faults) => {
      const { plan: received, fired } = live(plan, faults);
      const { plan: planned, fired: foreseen } = bend(plan, ...faults);
      expect({ plan: received, fired }).toEqual({ plan: withoutSize(planned), fired: foreseen });
    }),
    { numRuns: 500 },
  );
});

test("a simulated stream, whose texts are made late, is bent as one whose texts are there", () => {
  fc.assert(
    fc.property(fc.nat(), lists, (seed, faults) => {
      const plan = simulated(
        chat,
        { model: "gpt-4o", messages: [{ role: "user", content: "Hi" }], stream: true },
        seed,
        {
          outputTokens: 10,
        },
      );
      expect(bend(plan, ...faults)).toEqual(bend(made(plan), ...faults));
    }),
    { numRuns: 300 },
  );
});

test("alarms that ring late leave the bent response the same", () => {
  fc.assert(
    fc.property(plans, lists, fc.nat({ max: 40 }), (plan, faults, lateMs) => {
      expect(live(plan, faults, () => lateMs).plan).toEqual(withoutSize(bend(plan, ...faults).plan));
    }),
    { numRuns: 500 },
  );
});

test("time never goes back, whatever the faults", () => {
  fc.assert(
    fc.property(plans, lists, (plan, faults) => {
      const bent = bend(plan, ...faults).plan;
      const times = [bent.headAtMs, ...bent.frames.map(({ atMs }) => atMs), bent.endAtMs];
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(times.every((atMs) => Number.isFinite(atMs))).toBe(true);
    }),
  );
});

test("no fault sends a piece before its source had it", () => {
  fc.assert(
    fc.property(plans, lists, (plan, faults) => {
      const { plan: received, seenAtMs } = live(plan, faults);
      const times =
        received.head === undefined
          ? [received.endAtMs]
          : [received.headAtMs, ...received.frames.map(({ atMs }) => atMs), received.endAtMs];
      for (const [index, atMs] of times.entries()) expect(atMs).toBeGreaterThanOrEqual(seenAtMs[index]!);
    }),
  );
});

test("a fault fires once at most", () => {
  fc.assert(
    fc.property(plans, lists, (plan, faults) => {
      const { fired } = bend(plan, ...faults);
      for (const kind of fired) {
        const configured = faults.filter((fault) => fault.kind === kind).length;
        expect(fired.filter((each) => each === kind).length).toBeLessThanOrEqual(configured);
      }
    }),
  );
});

test("a response in which no fault fired is unchanged", () => {
  fc.assert(
    fc.property(plans, lists, (plan, faults) => {
      const { plan: bent, fired } = bend(plan, ...faults);
      if (fired.length > 0) return;
      expect(bytesOf(bent)).toEqual(bytesOf(plan));
      expect({ ...bent, frames: [] }).toEqual({ ...plan, frames: [] });
    }),
  );
});

test.each(["delay", "drip"])("%s keeps every byte, every token and the ending", (kind) => {
  fc.assert(
    fc.property(plans, faultOf(kind), (plan, fault) => {
      const bent = bend(plan, fault).plan;
      expect(bytesOf(bent)).toEqual(bytesOf(plan));
      expect([tokensOf(bent), bent.ending]).toEqual([tokensOf(plan), plan.ending]);
    }),
  );
});

test.each([
  ["cut", "cut"],
  ["reset", "reset"],
  ["hang", "stall"],
])("%s leaves a prefix of the response and ends it by %s", (kind, ending) => {
  fc.assert(
    fc.property(plans, faultOf(kind), (plan, fault) => {
      const { plan: bent, fired } = bend(plan, fault);
      const kept = bytesOf(bent);
      expect(kept).toEqual(bytesOf(plan).subarray(0, kept.length));
      expect(bent.ending).toBe(fired.length > 0 ? ending : plan.ending);
      const wanted = fired.length > 0 ? (fault["afterBytes"] ?? kept.length) : kept.length;
      expect(kept.length).toBe(wanted);
    }),
  );
});

test("a plan that is let go before anything has left is as it was without faults", () => {
  fc.assert(
    fc.property(plans, lists, (plan, configs) => {
      const bent = bendPlan(plan, configs.map(prepareFault), context());
      const rest = bent.letGo?.({ sent: 0, frames: bent.frames[Symbol.iterator](), nowMs: 0 });
      expect(rest && made(rest)).toEqual(made(withoutSize(plan)));
    }),
  );
});

const kinds = new Set(["delay", "drip", "content-length", "event", "content", "tool-call", "usage"]);
const holding = fc.array(fc.constantFrom(...bending.filter(({ kind }) => kinds.has(kind))).chain(configOf), {
  minLength: 1,
  maxLength: 3,
});

test("a live response that is let go loses and doubles no byte of what faults have held back", () => {
  fc.assert(
    fc.property(plans, fc.oneof(lists, holding), fc.nat({ max: 15 }), (plan, faults, count) => {
      const { before, after, fired } = liveUntil(plan, faults, count);
      const struck = fired.filter((kind) => kind !== "delay" && kind !== "drip");
      if (struck.length > 0) return;
      expect(Buffer.concat([...before, ...after].map(({ data }) => Buffer.from(data)))).toEqual(bytesOf(plan));
    }),
    { numRuns: 500 },
  );
});

test("what comes after a live response is let go passes as it is, behind what was held back", () => {
  fc.assert(
    fc.property(plans, holding, fc.nat({ max: 15 }), (plan, faults, count) => {
      const { after, head, ending } = liveUntil(plan, faults, count);
      const rest = framesOf(plan).slice(count);
      expect(head).toBeDefined();
      expect(ending).toBe(plan.ending);
      expect(after.slice(after.length - rest.length)).toEqual(rest);
    }),
  );
});
