import { createFakeClock } from "../../../support/fake-clock.ts";
import { bendLive, bendPlan, prepareFault } from "../../../../src/core/faults/index.ts";
import { openai } from "../../../../src/core/dialects/openai/index.ts";
import type { Ending, FaultConfig, Frame, Head, Plan, Sink } from "../../../../src/core/types.ts";
import { chat } from "../../../../src/core/dialects/openai/chat/index.ts";
import { simulated } from "../../../support/simulated.ts";
import { framesOf, made, type MadePlan } from "../../../support/frames.ts";

export const streamHead: Head = { status: 200, headers: ["Content-Type", "text/event-stream; charset=utf-8"] };
export const jsonHead: Head = { status: 200, headers: ["content-type", "application/json"] };

export function event(atMs: number, json: string, more: Partial<Frame> = {}): Frame {
  return { atMs, data: `data: ${json}\n\n`, tokens: 0, final: false, ...more };
}

/** A head at 20 ms, a role event and four tokens from 100 ms on, 10 ms apart, and two final events at 140 ms. */
export const stream: MadePlan = {
  head: streamHead,
  headAtMs: 20,
  frames: [
    event(100, `{"role":"assistant"}`),
    ...["one", "two", "three", "four"].map((text, index) => event(100 + index * 10, `{"t":"${text}"}`, { tokens: 1 })),
    event(140, `{"finish":"stop"}`, { final: true }),
    event(140, "[DONE]", { final: true }),
  ],
  ending: "finish",
  endAtMs: 140,
};

/** A chat stream of five tokens as the simulator plans it, whose texts are made late. */
export const simulatedStream: Plan = simulated(
  chat,
  { model: "gpt-4o", messages: [{ role: "user", content: "Hi" }], stream: true },
  1,
  { outputTokens: 5 },
);

/** One body at 200 ms, as a response that is not streamed. */
export function whole(body: string): MadePlan {
  return {
    head: jsonHead,
    headAtMs: 200,
    frames: [{ atMs: 200, data: body, tokens: 4, final: false }],
    ending: "finish",
    endAtMs: 200,
  };
}

export function textOf(plan: Plan): string {
  return Buffer.concat(framesOf(plan).map(({ data }) => Buffer.from(data))).toString();
}

export function context(fired: string[] = []) {
  return {
    dialect: openai,
    model: "gpt-4o",
    requestId: "req-1",
    target: "/v1/chat/completions",
    fired: (kind: string) => void fired.push(kind),
  };
}

/** The plan as the faults leave it, with the texts of its frames, and the kinds that fired. */
export function bend(plan: Plan, ...configs: FaultConfig[]): { plan: MadePlan; fired: string[] } {
  const fired: string[] = [];
  const faults = configs.map((config) => prepareFault(config));
  return { plan: made(bendPlan(plan, faults, context(fired))), fired };
}

/** What a client is given when the plan's pieces arrive one by one at their times; alarms ring up to `alarmsLateMs` late. */
export function live(
  plan: Plan,
  configs: readonly FaultConfig[],
  alarmsLateMs: () => number = () => 0,
): { plan: MadePlan; fired: string[]; seenAtMs: number[] } {
  const clock = createFakeClock(0);
  const fired: string[] = [];
  const seen = recorder(() => clock.now());
  const faults = configs.map((config) => prepareFault(config));
  const sink = bendLive(seen.sink, faults, {
    ...context(fired),
    at: (atMs, task) => void clock.wake(atMs + alarmsLateMs() - clock.now(), () => task(clock.now())),
  });
  if (plan.head !== undefined) clock.wake(plan.headAtMs, () => sink.head(plan.headAtMs, plan.head!));
  for (const frame of framesOf(plan)) clock.wake(frame.atMs, () => sink.data(frame));
  clock.wake(plan.endAtMs, () => sink.end(plan.endAtMs, plan.ending));
  clock.advance(1e9);
  return { plan: seen.plan(), fired, seenAtMs: seen.calledAtMs };
}

/** What a client is given when all faults are let go after `count` pieces of the body: before that, and from then on. */
export function liveUntil(plan: Plan, configs: readonly FaultConfig[], count: number) {
  const fired: string[] = [];
  let frames: Frame[] = [];
  let head: Head | undefined;
  let ending: Ending | undefined;
  const client: Sink = {
    head: (_atMs, given) => void (head = given),
    data: (frame) => void frames.push(frame),
    end: (_atMs, given) => void (ending = given),
  };
  const faults = configs.map((config) => prepareFault(config));
  const sink = bendLive(client, faults, { ...context(fired), at: () => undefined });
  const pieces = framesOf(plan);
  if (plan.head !== undefined) sink.head(plan.headAtMs, plan.head);
  for (const frame of pieces.slice(0, count)) sink.data(frame);
  const before = frames;
  frames = [];
  sink.letGo();
  for (const frame of pieces.slice(count)) sink.data(frame);
  sink.end(plan.endAtMs, plan.ending);
  return { before, after: frames, head, ending, fired };
}

/** Notes what it is given as a plan, and when; complains about a broken order. */
function recorder(now: () => number) {
  const frames: Frame[] = [];
  const calledAtMs: number[] = [];
  let head: { head: Head; headAtMs: number } | undefined;
  let end: { ending: Ending; endAtMs: number } | undefined;
  const sink: Sink = {
    head(headAtMs, given) {
      if (head !== undefined || end !== undefined) throw new Error("a head out of order");
      head = { head: given, headAtMs };
      calledAtMs.push(now());
    },
    data(frame) {
      if (head === undefined || end !== undefined) throw new Error("data out of order");
      frames.push(frame);
      calledAtMs.push(now());
    },
    end(endAtMs, ending) {
      if (end !== undefined) throw new Error("a second end");
      end = { ending, endAtMs };
      calledAtMs.push(now());
    },
  };
  const plan = (): MadePlan => {
    if (end === undefined) throw new Error("no end");
    return { head: head?.head, headAtMs: head?.headAtMs ?? end.endAtMs, frames, ...end };
  };
  return { sink, calledAtMs, plan };
}
