import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { setUpAct, type ActHarness } from "../../support/act.ts";
import { streamHead, tokenEvent } from "../../support/fake-upstream.ts";
import { chat } from "../../support/request.ts";

// The breaker keeps its own time, and looks at it before it is told of any clock.
beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "performance"] }));
afterEach(() => void vi.useRealTimers());

const resetMs = 1000;

/** An upstream whose breaker opens at the second failure. */
async function guarded(whenOpen: "simulate" | "fail" | "forward", more = {}): Promise<ActHarness> {
  const breaker = { errorPercentage: 50, minimumCalls: 2, windowMs: 10_000, resetMs, whenOpen };
  const upstreams = { openai: { url: "https://api.example.com", breaker } };
  return await setUpAct({ upstreams, default: { serve: "forward" }, ...more });
}

async function opened(whenOpen: "simulate" | "fail" | "forward", more = {}): Promise<ActHarness> {
  const act = await guarded(whenOpen, more);
  for (const call of [act.serve(), act.serve()]) {
    call.upstream().failed("UPSTREAM_CONNECT");
    call.reply.leave();
  }
  await act.advance();
  return act;
}

function state(act: ActHarness): string | undefined {
  return act.deps.runtime().upstreams.get("openai")?.breaker?.state();
}

describe("what counts as a failure", () => {
  test.each([
    ["no head", (act: ActHarness) => act.serve().upstream().failed("UPSTREAM_TIMEOUT"), "open"],
    ["a status of 500 or more", (act: ActHarness) => act.serve().upstream().json(503, {}), "open"],
    ["a status below, such as 429", (act: ActHarness) => act.serve().upstream().json(429, {}), "closed"],
    ["a client that leaves", (act: ActHarness) => act.serve().reply.leave(), "closed"],
  ])("%s", async (_, call, expected) => {
    const act = await guarded("fail");
    for (let count = 0; count < 2; count += 1) call(act);
    await act.advance();
    expect(state(act)).toBe(expected);
  });

  test("a response that breaks off after its head", async () => {
    const act = await guarded("fail");
    for (const call of [act.serve(), act.serve()]) {
      call.upstream().head(200, streamHead);
      await act.advance();
      call.upstream().data(tokenEvent("a"));
      call.upstream().failed("UPSTREAM_RESET");
    }
    await act.advance();
    expect(state(act)).toBe("open");
  });

  test("no injected fault", async () => {
    const rules = [{ name: "faulty", serve: "forward", faults: [{ kind: "status", status: 500 }] }];
    const act = await guarded("fail", { rules });
    for (let count = 0; count < 3; count += 1) act.serve();
    await act.advance();
    expect(state(act)).toBe("closed");
  });
});

describe("while it is open", () => {
  test("calls fail at once, and are told when to come again", async () => {
    const act = await opened("fail");
    const call = act.serve();
    expect(call.log()).toEqual(["0 whole 503"]);
    expect(call.asked).toEqual([]);
    expect(call.reply.header("retry-after")).toBe("1");
    expect(call.outcome()).toMatchObject({ mode: "own", cause: "BREAKER_OPEN", upstream: "openai" });
  });

  test("the simulator stands in, and says so", async () => {
    const act = await opened("simulate");
    const call = act.serve({ body: chat({ stream: true }) });
    await act.advance(430);
    expect(call.log()).toEqual(["0 head 200", "400 write", "415 write", "430 write", "430 end"]);
    expect(call.reply.header("x-stuntdouble-decision")).toBe("stand-in");
    expect(call.outcome()).toMatchObject({ mode: "simulated", standIn: true, upstream: "openai", profile: "steady" });
  });

  test("faults bend the stand-in, too", async () => {
    const rules = [{ name: "faulty", serve: "forward", faults: [{ kind: "cut", afterTokens: 1 }] }];
    const act = await opened("simulate", { rules });
    const call = act.serve({ body: chat({ stream: true }) });
    await act.advance(400);
    expect(call.log()).toEqual(["0 head 200", "400 write", "400 cut"]);
  });

  test("what the simulator cannot response fails", async () => {
    const act = await opened("simulate");
    const call = act.serve({ method: "GET", path: "/v1/files", body: undefined });
    expect(call.outcome()).toMatchObject({ status: 503, cause: "BREAKER_OPEN", standIn: false });
  });

  test("what is too large for a stand-in fails, because the upstream may well give it", async () => {
    const act = await opened("simulate", { limits: { maxOutputTokens: 50 } });
    const call = act.serve({ body: chat({ n: 100 }) });
    expect(call.outcome()).toMatchObject({ status: 503, cause: "BREAKER_OPEN", standIn: false });
  });

  test("calls go on to the upstream all the same, where that is wanted", async () => {
    const act = await opened("forward");
    const call = act.serve();
    call.upstream().json(200, {});
    expect(call.outcome()).toMatchObject({ mode: "real", status: 200 });
    expect(state(act)).toBe("open");
  });
});

describe("once its time is over", () => {
  test("one call tries, and the others wait for what it finds", async () => {
    const act = await opened("fail");
    await act.advance(resetMs);
    expect(state(act)).toBe("half-open");
    const [probe, other] = [act.serve(), act.serve()];
    expect(other.outcome().cause).toBe("BREAKER_OPEN");
    probe.upstream().json(200, {});
    await act.advance();
    expect(state(act)).toBe("closed");
    act.serve().upstream().json(200, {});
  });

  test("a call that fails opens it again", async () => {
    const act = await opened("fail");
    await act.advance(resetMs);
    act.serve().upstream().failed("UPSTREAM_CONNECT");
    await act.advance();
    expect(state(act)).toBe("open");
  });

  test("a call whose client leaves lets the next one try", async () => {
    const act = await opened("fail");
    await act.advance(resetMs);
    act.serve().reply.leave();
    const next = act.serve();
    next.upstream().json(200, {});
    await act.advance();
    expect(state(act)).toBe("closed");
  });
});

describe("an upstream that gives no response", () => {
  test.each(["UPSTREAM_CONNECT", "UPSTREAM_RESET", "UPSTREAM_TIMEOUT"] as const)(
    "is stood in for in the same call, and has failed all the same: %s",
    async (code) => {
      const act = await guarded("simulate");
      const call = act.serve({ body: chat({ stream: true }) });
      await act.advance(50);
      call.upstream().failed(code);
      await act.advance(430);
      expect(call.log()).toEqual(["50 head 200", "450 write", "465 write", "480 write", "480 end"]);
      expect(call.reply.header("x-stuntdouble-decision")).toBe("stand-in");
      expect(call.outcome()).toMatchObject({ mode: "simulated", standIn: true, cause: code, upstream: "openai" });
      expect(call.outcome()).toMatchObject({ overheadMs: 0, planned: { ttftMs: 450 } });
      act.serve().upstream().failed(code);
      expect(state(act)).toBe("open");
      await act.advance(430);
    },
  );

  test("fails the call where no stand-in is configured", async () => {
    const act = await guarded("fail");
    const call = act.serve();
    call.upstream().failed("UPSTREAM_CONNECT");
    expect(call.outcome()).toMatchObject({ status: 502, standIn: false });
  });

  test("fails the call where the simulator cannot response", async () => {
    const act = await guarded("simulate", { limits: { maxOutputTokens: 50 } });
    const calls = [
      act.serve({ method: "GET", path: "/v1/files", body: undefined }),
      act.serve({ body: chat({ n: 100 }) }),
    ];
    for (const call of calls) {
      call.upstream().failed("UPSTREAM_CONNECT");
      expect(call.outcome()).toMatchObject({ status: 502, standIn: false, cause: "UPSTREAM_CONNECT" });
    }
  });

  test("is not stood in for once its head has come", async () => {
    const act = await guarded("simulate");
    const call = act.serve({ body: chat({ stream: true }) });
    call.upstream().head(200, streamHead);
    await act.advance();
    call.upstream().failed("UPSTREAM_RESET");
    expect(call.outcome()).toMatchObject({ ending: "reset", standIn: false });
  });

  test("has its faults bend the stand-in, and none of them acts twice", async () => {
    const rules = [{ name: "faulty", serve: "forward", faults: [{ kind: "cut", afterMs: 420 }] }];
    const act = await guarded("simulate", { rules });
    const call = act.serve({ body: chat({ stream: true }) });
    call.upstream().failed("UPSTREAM_CONNECT");
    await act.advance(420);
    expect(call.log()).toEqual(["0 head 200", "400 write", "415 write", "420 cut"]);
    expect(call.outcome().faults).toEqual(["cut"]);
  });

  test("because the client is slow has not failed", async () => {
    const act = await guarded("simulate");
    const calls = [act.serve(), act.serve(), act.serve()];
    for (const call of calls) call.upstream().failed("REQUEST_TIMEOUT");
    expect(calls[0]?.outcome()).toMatchObject({ status: 408, cause: "REQUEST_TIMEOUT", standIn: false });
    expect(state(act)).toBe("closed");
  });
});

test("an upstream without a breaker is asked however often it fails", async () => {
  const act = await setUpAct({
    upstreams: { openai: { url: "https://api.example.com" } },
    default: { serve: "forward" },
  });
  for (let count = 0; count < 50; count += 1) {
    const call = act.serve();
    call.upstream().failed("UPSTREAM_CONNECT");
    expect(call.outcome().cause).toBe("UPSTREAM_CONNECT");
  }
});

test("a breaker that is off is none", async () => {
  const upstreams = { openai: { url: "https://api.example.com", breaker: "off" } };
  const act = await setUpAct({ upstreams, default: { serve: "forward" } });
  expect(act.deps.runtime().upstreams.get("openai")?.breaker).toBeUndefined();
});
