import { describe, expect, test } from "vitest";
import { experimentSchema } from "../../../src/core/experiments/definition.ts";
import { forwarding, setUpAct, type ActHarness, type ServedCall } from "../../support/act.ts";
import { streamHead, tokenEvent } from "../../support/fake-upstream.ts";
import { chat } from "../../support/request.ts";

type Fault = { readonly kind: string; readonly [option: string]: unknown };
type Served = { readonly act: ActHarness; readonly call: ServedCall };

const done = "data: [DONE]\n\n";

/** A simulated stream: without a fault its head leaves at 0 ms, tokens at 400, 415 and 430 ms, and its end at 430 ms. */
async function simulated(...faults: Fault[]): Promise<Served> {
  const act = await setUpAct({ rules: [{ name: "faulty", serve: "simulate", faults }] });
  return { act, call: act.serve({ body: chat({ stream: true }) }) };
}

async function forwarded(...faults: Fault[]): Promise<Served> {
  const act = await setUpAct({ ...forwarding, rules: [{ name: "faulty", serve: "forward", faults }] });
  return { act, call: act.serve({ body: chat({ stream: true }) }) };
}

/** All faults are let go at that time of the call, and the rest of it is played. */
async function letGoAt({ act, call }: Served, atMs: number): Promise<ServedCall> {
  await act.advance(atMs);
  expect(act.chaos.letGo()).toBe(1);
  await act.advance(5000);
  return call;
}

async function wholeText(): Promise<string> {
  const { act, call } = await simulated();
  await act.advance(500);
  return call.reply.text();
}

describe("of a simulated stream", () => {
  test("a hang ends as a cut", async () => {
    const call = await letGoAt(await simulated({ kind: "hang", afterTokens: 1 }), 1000);
    expect(call.log()).toEqual(["0 head 200", "400 write", "1000 cut"]);
    expect(call.outcome()).toMatchObject({ ending: "cut", faults: ["hang"], cause: undefined });
  });

  test("a stall with signs of life ends as a cut, too", async () => {
    const call = await letGoAt(await simulated({ kind: "stall", afterTokens: 1, with: "comments" }), 5500);
    expect(call.log()).toEqual([
      "0 head 200",
      "400 write",
      ...[1400, 2400, 3400, 4400, 5400].map((ms) => `${ms} write`),
      "5500 cut",
    ]);
  });

  test("a hang before the head ends as a cut, too", async () => {
    const call = await letGoAt(await simulated({ kind: "hang" }), 1000);
    expect(call.log()).toEqual(["1000 cut"]);
  });

  test("a delay ends at once, and what comes later keeps its own time", async () => {
    const call = await letGoAt(await simulated({ kind: "delay", ms: 3000 }), 405);
    expect(call.log()).toEqual(["405 head 200", "405 write", "415 write", "430 write", "430 end"]);
    expect(call.reply.text()).toBe(await wholeText());
    expect(call.outcome()).toMatchObject({ ending: "finish", status: 200 });
    expect(call.outcome().scheduleErrorMs?.max).toBeLessThan(1);
    expect(call.outcome().overheadMs).toBe(0);
  });

  test("a delay in the middle ends at once", async () => {
    const call = await letGoAt(await simulated({ kind: "delay", afterTokens: 1, ms: 3000 }), 1000);
    expect(call.log()).toEqual(["0 head 200", "400 write", "1000 write", "1000 end"]);
    expect(call.reply.text()).toBe(await wholeText());
  });

  test("a drip goes on at normal speed, and nothing of it is lost or sent twice", async () => {
    const call = await letGoAt(await simulated({ kind: "drip", bytesPerSecond: 200, sliceBytes: 20 }), 1234);
    expect(call.log().at(-1)).toBe("1234 end");
    expect(call.reply.text()).toBe(await wholeText());
  });

  test.each<Fault>([
    { kind: "cut", afterTokens: 2 },
    { kind: "cut", afterMs: 420 },
    { kind: "hang", afterTokens: 2 },
    { kind: "malformed", afterTokens: 1 },
    { kind: "clean-end" },
    { kind: "clean-end", afterTokens: 2 },
    { kind: "error-event", afterTokens: 2 },
    { kind: "reset", afterTokens: 2 },
    { kind: "delay", afterTokens: 1, ms: 3000 },
  ])("$kind $afterTokens $afterMs that has not struck yet never does", async (fault) => {
    const call = await letGoAt(await simulated(fault), 402);
    expect(call.log()).toEqual(["0 head 200", "400 write", "415 write", "430 write", "430 end"]);
    expect(call.reply.text()).toBe(await wholeText());
    expect(call.outcome()).toMatchObject({ ending: "finish", cause: undefined, overheadMs: 0 });
  });

  test("a response of a fault that a delay holds back leaves at once", async () => {
    const call = await letGoAt(await simulated({ kind: "status", status: 503 }, { kind: "delay", ms: 3000 }), 1000);
    expect(call.log()).toEqual(["1000 whole 503"]);
    expect(call.reply.header("x-stuntdouble-decision")).toBe("fault");
  });

  test("a client that reads slowly gets the rest whole", async () => {
    const { act, call } = await simulated({ kind: "drip", bytesPerSecond: 200, sliceBytes: 20 });
    call.reply.slow = true;
    await act.advance(1000);
    act.chaos.letGo();
    call.reply.drain();
    await act.advance(500);
    expect(call.reply.text()).toBe(await wholeText());
    expect(call.outcome().ending).toBe("finish");
  });
});

test("a long stream goes on where it stands", async () => {
  const config = { control: { enabled: true }, rules: [{ name: "r", serve: "simulate" }] } as const;
  const texts: string[] = [];
  for (const isLetGo of [false, true]) {
    const faults = isLetGo
      ? [
          { kind: "drip", bytesPerSecond: 4000 },
          { kind: "cut", afterTokens: 90 },
        ]
      : [];
    const act = await setUpAct({ ...config, rules: [{ ...config.rules[0], faults }] });
    const headers = { "x-stuntdouble": "tokens=100", "x-request-id": "same" };
    const call = act.serve({ body: chat({ stream: true }), headers });
    await act.advance(1000);
    expect(act.chaos.letGo()).toBe(isLetGo ? 1 : 0);
    await act.advance(2000);
    expect(call.outcome()).toMatchObject({ ending: "finish", actual: { tokens: 100 } });
    texts.push(call.reply.text());
  }
  expect(texts[1]).toBe(texts[0]);
});

test("a JSON response that is delayed leaves at once, in one piece", async () => {
  const act = await setUpAct({
    rules: [{ name: "faulty", serve: "simulate", faults: [{ kind: "delay", ms: 3000 }] }],
  });
  const call = act.serve();
  await act.advance(1000);
  act.chaos.letGo();
  expect(call.log()).toEqual(["1000 whole 200"]);
});

describe("of a live stream", () => {
  /** The upstream gives its head at 100 ms, a token at 200 ms; another at 1200 ms, and its end. */
  async function live(...faults: Fault[]): Promise<ServedCall> {
    const served = await forwarded(...faults);
    const { act, call } = served;
    const upstream = call.upstream();
    await act.advance(100);
    upstream.head(200, streamHead);
    await act.advance(100);
    upstream.data(tokenEvent("a"));
    await act.advance(800);
    act.chaos.letGo();
    await act.advance(200);
    upstream.data(tokenEvent("b"));
    upstream.data(done);
    upstream.end();
    await act.advance(5000);
    return call;
  }

  test("a hang ends as a cut, and the upstream is let go", async () => {
    const call = await live({ kind: "hang", afterTokens: 1 });
    expect(call.log()).toEqual(["100 head 200", "200 write", "1000 cut"]);
    expect(call.upstream().aborted).toBe(true);
    expect(call.outcome()).toMatchObject({ ending: "cut", faults: ["hang"], cause: undefined });
  });

  test("a hang before the head ends as a cut", async () => {
    expect((await live({ kind: "hang" })).log()).toEqual(["1000 cut"]);
  });

  test("a delay ends at once, and the rest comes when the upstream gives it", async () => {
    const call = await live({ kind: "delay", ms: 3000 });
    expect(call.log()).toEqual(["1000 head 200", "1000 write", "1200 write", "1200 write", "1200 end"]);
    expect(call.reply.text()).toBe(tokenEvent("a") + tokenEvent("b") + done);
  });

  test("a drip goes on at normal speed", async () => {
    const call = await live({ kind: "drip", bytesPerSecond: 10 });
    expect(call.log().slice(-4)).toEqual(["1000 write", "1200 write", "1200 write", "1200 end"]);
    expect(call.reply.text()).toBe(tokenEvent("a") + tokenEvent("b") + done);
  });

  test.each<Fault>([
    { kind: "cut", afterTokens: 2 },
    { kind: "cut", afterMs: 1100 },
    { kind: "clean-end" },
    { kind: "malformed", afterTokens: 1 },
    { kind: "error-event", afterTokens: 2 },
  ])("$kind that has not struck yet never does", async (fault) => {
    const call = await live(fault);
    expect(call.reply.text()).toBe(tokenEvent("a") + tokenEvent("b") + done);
    expect(call.outcome()).toMatchObject({ ending: "finish", faults: [] });
  });

  test("a fault does not strike an upstream that responds only after it was let go", async () => {
    const { act, call } = await forwarded({ kind: "replace", status: 503 });
    act.chaos.letGo();
    call.upstream().json(200, { real: true });
    expect(call.reply.status()).toBe(200);
    expect(call.outcome()).toMatchObject({ faults: [], ending: "finish" });
  });

  test("an event that is held back leaves before what comes next", async () => {
    const call = await live({ kind: "event", what: "reordered" });
    expect(call.log()).toEqual(["100 head 200", "1000 write", "1200 write", "1200 write", "1200 end"]);
    expect(call.reply.text()).toBe(tokenEvent("a") + tokenEvent("b") + done);
    expect(call.outcome()).toMatchObject({ ending: "finish", faults: [] });
  });

  test("a stall with signs of life ends as a cut, and the upstream is let go", async () => {
    const call = await live({ kind: "stall", afterTokens: 1, with: "comments" });
    expect(call.log().at(-1)).toBe("1000 cut");
    expect(call.upstream().aborted).toBe(true);
    expect(call.outcome()).toMatchObject({ ending: "cut", faults: ["stall"], cause: undefined });
  });

  test.each<Fault>([{ kind: "usage", what: "zero" }, { kind: "content-length" }, { kind: "content", what: "empty" }])(
    "the parts of a JSON response that $kind holds back leave at once, and the rest follows",
    async (fault) => {
      const { act, call } = await forwarded(fault);
      const upstream = call.upstream();
      upstream.head(200, { "content-type": "application/json" });
      upstream.data(`{"usage":`);
      await act.advance(1000);
      act.chaos.letGo();
      expect(call.reply.text()).toBe(`{"usage":`);
      upstream.data(`{}}`);
      upstream.end();
      await act.advance(1);
      expect(call.reply.text()).toBe(`{"usage":{}}`);
      expect(call.reply.status()).toBe(200);
      expect(call.outcome()).toMatchObject({ ending: "finish", faults: [] });
    },
  );

  test("a client that reads slowly gets the rest, and the upstream goes on", async () => {
    const { act, call } = await forwarded({ kind: "delay", ms: 3000 });
    call.upstream().head(200, streamHead);
    call.upstream().data(`data: ${"x".repeat(300_000)}\n\n`);
    expect(call.upstream().paused).toBe(true);
    act.chaos.letGo();
    expect(call.upstream().paused).toBe(false);
    call.upstream().end();
    await act.advance(1);
    expect(call.outcome().ending).toBe("finish");
  });
});

test("a call that waits for a permit goes on without its faults", async () => {
  const act = await setUpAct({
    permits: { max: 1 },
    rules: [{ name: "faulty", match: { header: { "x-bad": "1" } }, serve: "simulate", faults: [{ kind: "hang" }] }],
  });
  const first = act.serve();
  const call = act.serve({ headers: { "x-bad": "1" } });
  await act.advance(10);
  act.chaos.letGo();
  await act.advance(2000);
  expect(first.outcome().status).toBe(200);
  expect(call.outcome()).toMatchObject({ status: 200, faults: [], ending: "finish" });
  expect(call.reply.header("x-stuntdouble-fault")).toBeUndefined();
});

test("calls without faults, and those that have ended, are not let go", async () => {
  const { act, call } = await simulated({ kind: "cut", afterTokens: 1 });
  act.serve({ path: "/v1/models", method: "GET" });
  await act.advance(500);
  expect(call.outcome().ending).toBe("cut");
  expect(act.chaos.letGo()).toBe(0);
});

describe("of one experiment", () => {
  const hanging = (id: string, header: string) => ({
    id,
    slot: 0,
    startsAtMs: 0,
    endsAtMs: Number.MAX_SAFE_INTEGER,
    definition: experimentSchema.parse({
      name: id,
      match: { header: { [header]: "1" } },
      percentage: 100,
      durationMs: 60_000,
      stages: [{ name: "all", durationMs: Number.MAX_SAFE_INTEGER, faults: [{ kind: "hang" }] }],
    }),
  });

  test("its calls are let go, those of others are not", async () => {
    const act = await setUpAct({});
    act.chaos.set([hanging("a", "x-a"), { ...hanging("b", "x-b"), slot: 1 }]);
    const calls = [{ "x-a": "1" }, { "x-b": "1" }, { "x-a": "1", "x-b": "1" }].map((headers) => act.serve({ headers }));
    await act.advance(1000);
    expect(act.chaos.letGo("a")).toBe(1);
    expect(calls.map((call) => call.log())).toEqual([["1000 cut"], [], []]);
    expect(act.chaos.letGo()).toBe(2);
  });
});
