import { describe, expect, test } from "vitest";
import { forwarding, setUpAct } from "../../support/act.ts";
import { chat } from "../../support/request.ts";

/** One permit, taken by the first call; one more may wait. */
async function busy(permits = {}, more = {}) {
  const act = await setUpAct({
    ...forwarding,
    ...more,
    permits: { max: 1, queue: 1, queueTimeoutMs: 500, ...permits },
  });
  return { act, first: act.serve() };
}

describe("the queue", () => {
  test("holds a call until a permit comes back", async () => {
    const { act, first } = await busy();
    const second = act.serve();
    await act.advance(200);
    expect(second.asked).toEqual([]);
    first.upstream().json(200, {});
    await act.advance();
    second.upstream().json(200, {});
    expect(second.log()).toEqual(["200 head 200", "200 write", "200 end"]);
    expect(first.outcome().queueMs).toBe(0);
    expect(second.outcome()).toMatchObject({ queueMs: 200, status: 200 });
  });

  test("is not part of a call's own time", async () => {
    const { act, first } = await busy({}, { rules: [{ name: "s", match: { stream: true }, serve: "simulate" }] });
    const second = act.serve({ body: chat({ stream: true }) });
    await act.advance(200);
    first.upstream().json(200, {});
    await act.advance(430);
    expect(second.log()).toEqual(["200 head 200", "600 write", "615 write", "630 write", "630 end"]);
    expect(second.outcome()).toMatchObject({ queueMs: 200, actual: { ttftMs: 400, totalMs: 430 } });
  });

  test("gives up a call at its deadline", async () => {
    const { act, first } = await busy();
    const second = act.serve();
    await act.advance(500);
    expect(second.log()).toEqual(["500 whole 503"]);
    expect(second.reply.header("retry-after")).toBe("1");
    expect(second.outcome()).toMatchObject({ mode: "own", cause: "QUEUE_TIMEOUT", queueMs: 500 });
    first.upstream().json(200, {});
  });

  test("refuses a call when it is full", async () => {
    const { act, first } = await busy();
    const second = act.serve();
    const third = act.serve();
    await act.advance();
    expect(third.log()).toEqual(["0 whole 503"]);
    expect(third.outcome()).toMatchObject({ mode: "own", cause: "QUEUE_FULL", queueMs: 0 });
    first.upstream().json(200, {});
    await act.advance();
    second.upstream().json(200, {});
  });

  test("lets go of a call whose client leaves", async () => {
    const { act, first } = await busy();
    const second = act.serve();
    await act.advance(100);
    second.reply.leave();
    await act.advance();
    expect(act.permits.waiting()).toBe(0);
    expect(second.log()).toEqual([]);
    expect(second.outcome()).toMatchObject({ status: 499, ending: "client-gone", cause: "CLIENT_GONE", queueMs: 100 });
    first.upstream().json(200, {});
    await act.advance();
    expect(second.asked).toEqual([]);
  });

  test("goes on when the client leaves in the moment in which the permit is granted", async () => {
    const { act, first } = await busy();
    const second = act.serve();
    await act.advance(100);
    first.upstream().json(200, {});
    second.reply.leave();
    await act.advance();
    expect(act.permits.inFlight()).toBe(0);
    expect(second.asked).toEqual([]);
    expect(second.outcome()).toMatchObject({ ending: "client-gone", queueMs: 100 });
  });
});

describe("the permit", () => {
  test("of a refused call is not taken", async () => {
    const { act, first } = await busy();
    const second = act.serve({ method: "TRACE" });
    expect(second.log()).toEqual(["0 whole 405"]);
    first.upstream().json(200, {});
  });

  test("comes back once, whatever else is said of the call", async () => {
    const act = await setUpAct({ ...forwarding, permits: { max: 2 } });
    const [gone, other] = [act.serve(), act.serve()];
    gone.reply.leave();
    gone.reply.leave();
    gone.upstream().failed("UPSTREAM_RESET");
    expect(act.permits.inFlight()).toBe(1);
    other.upstream().json(200, {});
    expect(act.permits.inFlight()).toBe(0);
  });
});

describe("the quota", () => {
  test("refuses a call beyond the requests of a minute, and says when to come again", async () => {
    const act = await setUpAct({ ...forwarding, rateLimit: { requestsPerMinute: 1 } });
    const first = act.serve();
    first.upstream().json(200, {});
    const second = act.serve();
    expect(second.log()).toEqual(["0 whole 429"]);
    expect(second.reply.header("retry-after")).toBe("60");
    expect(second.outcome()).toMatchObject({ mode: "own", cause: "RATE_LIMITED", rule: "default" });
    await act.advance(60_000);
    const third = act.serve();
    third.upstream().json(200, {});
    expect(third.outcome().status).toBe(200);
  });

  test("is told with each response", async () => {
    const act = await setUpAct({ rateLimit: { requestsPerMinute: 10 } });
    const call = act.serve();
    await act.advance(430);
    expect(call.reply.header("x-ratelimit-limit-requests")).toBe("10");
    expect(call.reply.header("x-ratelimit-remaining-requests")).toBe("9");
  });

  test("counts the tokens of a response once they are known", async () => {
    const act = await setUpAct({ ...forwarding, rateLimit: { tokensPerMinute: 100 } });
    const first = act.serve();
    first.upstream().json(200, { usage: { completion_tokens: 100 } });
    expect(act.serve().reply.status()).toBe(429);
  });

  test("tells a call that no minute can hold that waiting does not help", async () => {
    const act = await setUpAct({ rateLimit: { tokensPerMinute: 3 } });
    const call = act.serve();
    expect(call.reply.status()).toBe(429);
    expect(call.reply.text()).toContain("Request too large");
    expect(call.reply.header("retry-after")).toBeUndefined();
  });
});
