import { noInvolvements } from "../../../src/core/experiments/layer.ts";
import { describe, expect, test } from "vitest";
import type { Admitted } from "../../../src/act/admission.ts";
import { CallRecord } from "../../../src/act/outcome.ts";
import { Player } from "../../../src/act/player.ts";
import type { Request } from "../../../src/act/types.ts";
import { createWheel } from "../../../src/act/timer-wheel.ts";
import type { Decision, Frame, Outcome, Plan, Timeline } from "../../../src/core/types.ts";
import { findOperation } from "../../../src/core/dialects/index.ts";
import { openai } from "../../../src/core/dialects/openai/index.ts";
import { createBusyClock } from "../../support/clocks/busy-clock.ts";
import { makeCall } from "../../support/call.ts";
import { createRecordingReply } from "../../support/reply.ts";

const route = "/v1/chat/completions";
const { operation } = findOperation("POST", route, {});

const request: Request = {
  id: "req-1",
  method: "POST",
  target: `${route}?a=1`,
  route,
  headers: {},
  rawHeaders: [],
  client: "10.0.0.1",
  dialect: openai,
  operation,
  body: undefined,
  bodyStream: undefined,
};

const decision: Decision = {
  rule: "staging",
  serve: { from: "simulator", profile: undefined },
  mirror: undefined,
  faults: [],
  overrides: {},
};

const admitted: Admitted = {
  refusal: undefined,
  call: makeCall(),
  opened: undefined,
  decision,
  faults: [],
  rateRow: undefined,
  quota: undefined,
  involved: noInvolvements,
};

const frame = (atMs: number, tokens = 1): Frame => ({ atMs, data: "x", tokens, final: false });
const head = { status: 200, headers: [] };
const stream: Plan = {
  head,
  headAtMs: 10,
  frames: [frame(10, 0), frame(20), frame(30, 2)],
  ending: "finish",
  endAtMs: 40,
};
const whole: Plan = { head, headAtMs: 50, frames: [frame(50, 9)], ending: "finish", endAtMs: 50 };

type Mark = (record: CallRecord) => void;

/** A simulation is served. */
const simulated: Mark = (record) => record.simulated("fast", 3, 1);

function setUp(mark: Mark = simulated, of = request) {
  const clock = createBusyClock();
  const reply = createRecordingReply(clock);
  const record = new CallRecord(of, { clock, wheel: createWheel(clock) }, 1_700_000_000_000);
  const outcomes: Outcome[] = [];
  const player: Player = new Player(reply, record, {
    settled: (ending, atMs) => void outcomes.push(record.outcome(player, ending, atMs)),
    waiting: () => undefined,
    failed: () => undefined,
  });
  mark(record);
  return { clock, reply, record, player, outcomes };
}

/** The outcome of a plan that is played `lateMs` after it was due. */
function played(plan: Plan, mark: Mark = simulated, lateMs = 0): Outcome {
  const { clock, player, outcomes } = setUp(mark);
  player.play(plan);
  clock.block(lateMs);
  clock.advance(1000);
  return outcomes[0]!;
}

/** When something happens to a real response, in milliseconds from the start of the call. */
type Passing = { readonly askedMs: number; readonly upstreamEndedMs?: number; readonly endMs: number };

/** The outcome of a real response: the head as soon as it is asked for, and its end. */
function passedOn({ askedMs, upstreamEndedMs, endMs }: Passing, mark: Mark = () => undefined): Outcome {
  const { clock, record, player, outcomes } = setUp(mark);
  clock.advance(askedMs);
  record.asked();
  player.head(askedMs, head);
  if (upstreamEndedMs !== undefined) record.upstreamEnded(upstreamEndedMs);
  clock.advance(endMs - askedMs);
  player.data(frame(endMs, 3));
  player.end(endMs, "finish");
  return outcomes[0]!;
}

describe("what is known of a call", () => {
  test("request, call and decision are written down", () => {
    const call = makeCall({ model: "gpt-4o", stream: true, keyName: "team-a" });
    const outcome = played(stream, (record) => {
      record.admitted({ ...admitted, call }, true);
      record.queued(4);
      record.meantFor("openai");
      simulated(record);
    });
    expect(outcome).toMatchObject({
      id: "req-1",
      startedAtMs: 1_700_000_000_000,
      method: "POST",
      route,
      operation: "chat",
      dialect: "openai",
      model: "gpt-4o",
      stream: true,
      client: "10.0.0.1",
      keyName: "team-a",
      rule: "staging",
      mode: "simulated",
      upstream: "openai",
      profile: "fast",
      queueMs: 4,
      standIn: false,
    });
  });

  test("a call that was refused before any rule has none, and no model", () => {
    expect(played(whole, () => undefined)).toMatchObject({
      mode: "own",
      rule: "none",
      model: undefined,
      stream: false,
    });
  });

  test("a stand-in and the faults that took effect are written down", () => {
    const outcome = played(whole, (record) => {
      record.standsIn(true);
      for (const kind of ["delay", "cut"]) record.faultContext().fired(kind);
    });
    expect(outcome).toMatchObject({
      standIn: true,
      faults: ["delay", "cut"],
    });
  });

  test("a path that cannot be simulated has neither operation nor dialect", () => {
    const other = { ...request, route: "/v1/files", operation: undefined };
    const { player, outcomes, clock } = setUp(simulated, other);
    player.play(whole);
    clock.advance(50);
    expect(outcomes[0]).toMatchObject({ operation: undefined, dialect: undefined });
  });
});

describe("overhead", () => {
  const plannedTo40: Mark = (record) => {
    simulated(record);
    record.plannedEnd(40);
  };

  test("of a simulated response is what passed after its planned end", () => {
    expect(played(stream, plannedTo40).overheadMs).toBe(0);
    expect(played(stream, plannedTo40, 65).overheadMs).toBe(25);
  });

  test("of a simulated response whose client left before its planned end is nothing", () => {
    const { clock, player, reply, outcomes } = setUp(plannedTo40);
    player.play(stream);
    clock.advance(25);
    reply.leave();
    expect(outcomes[0]!.overheadMs).toBe(0);
  });

  test("of a response that falls silent does not hold the client's patience", () => {
    const { clock, player, reply, outcomes } = setUp(plannedTo40);
    player.play({ ...stream, ending: "stall" });
    clock.advance(39);
    clock.block(4);
    clock.advance(60_000);
    reply.leave();
    expect(outcomes[0]).toMatchObject({ ending: "stall", overheadMs: 3, actual: { totalMs: 60_043 } });
  });

  test("of a response of our own is all of its time", () => {
    const { clock, player, outcomes } = setUp(() => undefined);
    clock.advance(3);
    player.play({ ...whole, headAtMs: 0, frames: [frame(0)], endAtMs: 0 });
    expect(outcomes[0]!.overheadMs).toBe(3);
  });

  test("of a real response is all of its time less the upstream's", () => {
    expect(passedOn({ askedMs: 2, upstreamEndedMs: 90, endMs: 95 }).overheadMs).toBe(7);
  });

  test("of a real response that broke off before the upstream had ended is what passed before it was asked", () => {
    expect(passedOn({ askedMs: 2, endMs: 95 }).overheadMs).toBe(2);
  });

  test("of a real response that a fault made late is what passed before the upstream was asked", () => {
    const late: Mark = (record) => record.faultContext().fired("delay");
    expect(passedOn({ askedMs: 2, upstreamEndedMs: 50, endMs: 95 }, late).overheadMs).toBe(2);
  });

  test("is never below nothing", () => {
    expect(passedOn({ askedMs: 0, upstreamEndedMs: 99, endMs: 95 }).overheadMs).toBe(0);
  });
});

describe("how a call ended", () => {
  test("the status is the one that was sent", () => {
    const outcome = played({ ...whole, head: { status: 429, headers: [] } });
    expect(outcome).toMatchObject({ status: 429, ending: "finish", cause: undefined });
  });

  test("a client that left before the head has status 499", () => {
    const { clock, player, reply, outcomes } = setUp();
    player.play(stream);
    clock.advance(5);
    reply.leave();
    expect(outcomes[0]).toMatchObject({ status: 499, ending: "client-gone", cause: "CLIENT_GONE" });
  });

  test("a client that left in the middle keeps the status it was given", () => {
    const { clock, player, reply, outcomes } = setUp();
    player.play(stream);
    clock.advance(25);
    reply.leave();
    expect(outcomes[0]).toMatchObject({ status: 200, ending: "client-gone", cause: "CLIENT_GONE" });
  });

  test("a response that broke off before its head has status 0", () => {
    expect(played({ ...stream, head: undefined, frames: [], ending: "reset" })).toMatchObject({
      status: 0,
      ending: "reset",
      cause: undefined,
    });
  });

  test("the cause that was noted stands, also when the client leaves", () => {
    const { reply, outcomes } = setUp((record) => record.failed("UPSTREAM_RESET"));
    reply.leave();
    expect(outcomes[0]!.cause).toBe("UPSTREAM_RESET");
  });
});

describe("timelines", () => {
  test("what was planned of a stream is the time of each token", () => {
    const planned: Timeline = { ttftMs: 20, totalMs: 40, tokens: 3, atMs: [20, 30, 30] };
    expect(played(stream, (record) => record.planned(stream)).planned).toEqual(planned);
  });

  test("what was planned of a response in one piece is its end and its tokens", () => {
    expect(played(whole, (record) => record.planned(whole)).planned).toEqual({
      ttftMs: undefined,
      totalMs: 50,
      tokens: 9,
      atMs: [],
    });
  });

  test("a mirrored call has the simulated side as its plan", () => {
    const mirrored: Timeline = { ttftMs: 1, totalMs: 2, tokens: 1, atMs: [1] };
    const shadow = { real: mirrored, simulated: mirrored };
    const outcome = passedOn({ askedMs: 0, endMs: 10 }, (record) => record.measured(undefined, shadow));
    expect(outcome).toMatchObject({ planned: mirrored, shadow });
  });

  test("what really happened is told as it was, not as planned", () => {
    const outcome = played(stream, (record) => record.planned(stream), 25);
    expect(outcome.actual).toEqual({ ttftMs: 25, totalMs: 40, tokens: 3, atMs: [25, 30, 30] });
  });

  test("the tokens are those that the upstream's usage names, else those that were sent", () => {
    const times = { askedMs: 0, endMs: 10 };
    expect(passedOn(times, (record) => record.measured(17, undefined)).actual.tokens).toBe(17);
    expect(passedOn(times).actual.tokens).toBe(3);
  });

  test("the schedule error belongs to simulated answers alone", () => {
    expect(played(stream, simulated, 25).scheduleErrorMs).toEqual({ mean: 20 / 3, max: 15 });
    expect(passedOn({ askedMs: 0, endMs: 10 }).scheduleErrorMs).toBeUndefined();
    expect(played(whole, () => undefined).scheduleErrorMs).toBeUndefined();
  });
});
