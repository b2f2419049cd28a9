import { describe, expect, test } from "vitest";
import { setUpAct, type ActHarness } from "../../../support/act.ts";
import { streamHead, tokenEvent } from "../../../support/fake-upstream.ts";
import { chat } from "../../../support/request.ts";

type Budget = Readonly<Record<string, unknown>>;

const config = (budget: Budget, more: Budget = {}) => ({
  upstreams: { openai: { url: "https://api.example.com", budget, ...more } },
  default: { serve: "forward" },
});

const setUp = async (budget: Budget, more: Budget = {}): Promise<ActHarness> => await setUpAct(config(budget, more));

const usage = (prompt: number, output: number) => ({ usage: { prompt_tokens: prompt, completion_tokens: output } });

/** A call with such a response. */
function used(act: ActHarness, prompt: number, output: number, body: object = chat()) {
  const call = act.serve({ body });
  call.upstream().json(200, usage(prompt, output));
  return call;
}

/** Whether the next call reaches the upstream. */
async function reaches(act: ActHarness): Promise<boolean> {
  const call = act.serve();
  await act.advance(500);
  if (call.asked.length === 0) return false;
  call.upstream().json(200, usage(0, 0));
  return true;
}

describe("calls an hour", () => {
  test("reach the upstream up to the limit, and again in the next hour", async () => {
    const act = await setUp({ callsPerHour: 2 });
    const seen = [];
    for (let call = 0; call < 4; call += 1) seen.push(await reaches(act));
    expect(seen).toEqual([true, true, false, false]);
    act.clock.advance(3_600_000);
    expect(await reaches(act)).toBe(true);
  });

  test("count whatever becomes of them", async () => {
    const act = await setUp({ callsPerHour: 2 });
    act.serve().upstream().failed("UPSTREAM_CONNECT");
    act.serve().upstream().json(500, {});
    expect(await reaches(act)).toBe(false);
  });

  test("alone need no body to be read", async () => {
    const act = await setUp({ callsPerHour: 2 });
    const { request } = used(act, 1, 1);
    expect(act.needsBody(request)).toBe(false);
    await act.reload(config({ callsPerHour: 2, whenSpent: "simulate" }));
    expect(act.needsBody(request)).toBe(true);
  });
});

describe("once a budget is spent", () => {
  test("calls fail with 429, and are told when the window ends", async () => {
    const act = await setUp({ callsPerHour: 1 });
    used(act, 1, 1);
    const call = act.serve();
    expect(call.log()).toEqual(["0 whole 429"]);
    // The harness begins at 22:13:20 UTC.
    expect(call.reply.header("retry-after")).toBe("2800");
    expect(call.reply.header("retry-after-ms")).toBeUndefined();
    expect(call.reply.header("x-stuntdouble-decision")).toBe("error");
    expect(call.outcome()).toMatchObject({ mode: "own", cause: "BUDGET_SPENT", upstream: "openai", standIn: false });
    expect(JSON.parse(call.reply.text())).toMatchObject({
      error: {
        type: "insufficient_quota",
        code: "insufficient_quota",
        message: expect.stringContaining("callsPerHour: 1"),
      },
    });
  });

  test("the simulator stands in, and says so", async () => {
    const act = await setUp({ callsPerHour: 1, whenSpent: "simulate" });
    used(act, 1, 1);
    const call = act.serve({ body: chat({ stream: true }) });
    await act.advance(430);
    expect(call.asked).toEqual([]);
    expect(call.reply.header("x-stuntdouble-decision")).toBe("stand-in");
    expect(call.outcome()).toMatchObject({ mode: "simulated", status: 200, standIn: true, cause: "BUDGET_SPENT" });
  });

  test("what cannot be simulated fails, with the reason", async () => {
    const act = await setUp({ callsPerHour: 1, whenSpent: "simulate" });
    used(act, 1, 1);
    const call = act.serve({ path: "/v1/audio/speech", body: {} });
    expect(call.log()).toEqual(["0 whole 429"]);
  });

  test("calls that are not sent say nothing to the breaker", async () => {
    const breaker = { errorPercentage: 50, minimumCalls: 2, resetMs: 1000 };
    const act = await setUp({ callsPerHour: 1 }, { breaker });
    used(act, 1, 1);
    for (let call = 0; call < 5; call += 1) act.serve();
    await act.advance();
    expect(act.deps.runtime().upstreams.get("openai")?.breaker?.state()).toBe("closed");
  });

  test("calls that the open breaker keeps back take nothing", async () => {
    const breaker = { errorPercentage: 50, minimumCalls: 2, resetMs: 60_000 };
    const act = await setUp({ callsPerHour: 3 }, { breaker });
    for (const call of [act.serve(), act.serve()]) call.upstream().failed("UPSTREAM_CONNECT");
    await act.advance();
    for (let call = 0; call < 5; call += 1) expect(act.serve().outcome().cause).toBe("BREAKER_OPEN");
    await act.reload(config({ callsPerHour: 3 }));
    expect([await reaches(act), await reaches(act)]).toEqual([true, false]);
  });
});

describe("tokens a day", () => {
  test("are those of the provider's usage", async () => {
    const act = await setUp({ tokensPerDay: 100 });
    used(act, 60, 39);
    expect(await reaches(act)).toBe(false);
    act.clock.advance(24 * 3_600_000);
    expect(await reaches(act)).toBe(true);
  });

  test("of a stream are those of its usage", async () => {
    const act = await setUp({ tokensPerDay: 1000 });
    const call = act.serve({ body: chat({ stream: true }) }).upstream();
    call.head(200, streamHead);
    call.data(tokenEvent("a"));
    call.data(`data: ${JSON.stringify({ choices: [], ...usage(600, 400) })}\n\n`);
    call.end();
    expect(await reaches(act)).toBe(false);
  });

  test("of a stream without usage are the prompt as it is counted here, and an event for each token", async () => {
    const act = await setUp({ tokensPerDay: 1000 });
    const call = act.serve({ body: chat({ stream: true }) });
    call.upstream().head(200, streamHead);
    for (let token = 0; token < 4; token += 1) call.upstream().data(tokenEvent("a"));
    call.upstream().end();
    const costs = await setUp({ tokensPerDay: 12 });
    const same = costs.serve({ body: chat({ stream: true }) });
    same.upstream().head(200, streamHead);
    for (let token = 0; token < 4; token += 1) same.upstream().data(tokenEvent("a"));
    same.upstream().end();
    expect(await reaches(act)).toBe(true);
    expect(await reaches(costs)).toBe(false);
  });

  test("that were seen before a client left count", async () => {
    const act = await setUp({ tokensPerDay: 12 });
    const call = act.serve({ body: chat({ stream: true }) });
    call.upstream().head(200, streamHead);
    for (let token = 0; token < 4; token += 1) call.upstream().data(tokenEvent("a"));
    await act.advance();
    call.reply.leave();
    expect(await reaches(act)).toBe(false);
  });

  test("of a response in one piece without usage are estimated by its length", async () => {
    const act = await setUp({ tokensPerDay: 100 });
    act
      .serve()
      .upstream()
      .json(200, { text: "x".repeat(400) });
    expect(await reaches(act)).toBe(false);
  });

  test.each([
    ["an upstream that could not be reached", (act: ActHarness) => act.serve().upstream().failed("UPSTREAM_CONNECT")],
    ["a refusal", (act: ActHarness) => act.serve().upstream().json(429, {})],
  ])("are none of %s", async (_, call) => {
    const act = await setUp({ tokensPerDay: 9 });
    for (let count = 0; count < 5; count += 1) call(act);
    expect(await reaches(act)).toBe(true);
  });

  test("ask the upstream for a response that can be read", async () => {
    const act = await setUp({ tokensPerDay: 100 });
    const call = act.serve({ headers: { "accept-encoding": "gzip" } });
    expect(call.upstream().header("accept-encoding")).toBe("identity");
    call.upstream().json(200, {});
  });
});

describe("dollars a day", () => {
  const mini = chat({ model: "gpt-4o-mini" });

  test("are told with the outcome, by the price of the model", async () => {
    const act = await setUp({ usdPerDay: 10 });
    const call = used(act, 1_000_000, 100_000, mini);
    expect(call.outcome().costUsd).toBe(0.21);
  });

  test("are spent by what responses cost", async () => {
    const act = await setUp({ usdPerDay: 0.21 });
    used(act, 1_000_000, 100_000, mini);
    expect(await reaches(act)).toBe(false);
  });

  test("are not told of calls that cost nothing here", async () => {
    const act = await setUp({ callsPerHour: 1, whenSpent: "simulate" });
    used(act, 1, 1, mini);
    const call = act.serve();
    await act.advance(500);
    expect(call.outcome().costUsd).toBeUndefined();
  });
});

describe("a reload", () => {
  test("keeps what is spent, and takes up another limit", async () => {
    const act = await setUp({ callsPerHour: 2 });
    used(act, 1, 1);
    used(act, 1, 1);
    await act.reload(config({ callsPerHour: 3 }));
    expect([await reaches(act), await reaches(act)]).toEqual([true, false]);
  });

  test("that changes nothing but a budget keeps the breaker of the upstream", async () => {
    const breaker = { errorPercentage: 50, minimumCalls: 2, resetMs: 60_000 };
    const act = await setUp({ callsPerHour: 5 }, { breaker });
    for (const call of [act.serve(), act.serve()]) call.upstream().failed("UPSTREAM_CONNECT");
    await act.advance();
    await act.reload(config({ callsPerHour: 6 }, { breaker }));
    expect(act.serve().outcome().cause).toBe("BREAKER_OPEN");
  });
});
