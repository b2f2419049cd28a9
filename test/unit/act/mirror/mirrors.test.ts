import { describe, expect, test } from "vitest";
import { setUpAct, type ActHarness } from "../../../support/act.ts";
import { streamHead, tokenEvent, type UpstreamCall } from "../../../support/fake-upstream.ts";
import { chat, type RequestWishes } from "../../../support/request.ts";

const upstreams = {
  a: { url: "https://a.example.com" },
  b: { url: "https://b.example.com", apiKeyEnv: "B_KEY" },
};
const env = { B_KEY: "key-of-b" };

type Mirror = Readonly<Record<string, unknown>>;

const mirroring = (mirror: Mirror = {}, serve: "forward" | "simulate" = "forward") => ({
  upstreams,
  default: { serve, ...(serve === "forward" && { upstream: "a" }), mirror: { upstream: "b", ...mirror } },
});

const setUp = async (mirror: Mirror = {}, serve: "forward" | "simulate" = "forward"): Promise<ActHarness> =>
  await setUpAct(mirroring(mirror, serve), { env });

/** Responds to the served side. */
function serveNow(act: ActHarness, wishes: RequestWishes = {}) {
  const call = act.serve(wishes);
  call.upstream().json(200, {});
  return call;
}

function onlyCopy(act: ActHarness): UpstreamCall {
  const [copy, ...others] = act.copiesAsked();
  if (copy === undefined || others.length > 0) throw new Error(`${act.copiesAsked().length} copies were asked.`);
  return copy;
}

describe("a copied call", () => {
  test("is measured on both sides, and the client sees one of them", async () => {
    const act = await setUp();
    const call = act.serve({ body: chat({ stream: true }) });
    const copy = onlyCopy(act);
    await act.advance(10);
    call.upstream().head(200, streamHead);
    call.upstream().data(tokenEvent("of a"));
    call.upstream().end();
    await act.advance(90);
    copy.head(200, streamHead);
    copy.data(tokenEvent("of b"));
    await act.advance(20);
    copy.data(tokenEvent("more of b"));
    copy.end();
    expect(call.reply.text()).toBe(tokenEvent("of a"));
    expect(act.copied.get("call-1")).toEqual({
      upstream: "b",
      status: 200,
      ending: "finish",
      outputTokens: undefined,
      timeline: { ttftMs: 100, totalMs: 120, tokens: 2, atMs: [100, 120] },
    });
    expect(act.copies).toEqual(["b measured"]);
  });

  test("ends when its client has what it asked for, however long the copy takes", async () => {
    const act = await setUp();
    const call = serveNow(act);
    expect(call.outcome()).toMatchObject({ status: 200, ending: "finish" });
    expect(act.permits.inFlight()).toBe(0);
    await act.advance(5000);
    onlyCopy(act).json(200, { usage: { prompt_tokens: 3, completion_tokens: 7 } });
    expect(act.copied.get("call-1")).toMatchObject({ timeline: { totalMs: 5000, tokens: 7 }, outputTokens: 7 });
  });

  test("may be a simulated one", async () => {
    const act = await setUp({}, "simulate");
    const call = act.serve();
    onlyCopy(act).json(200, {});
    await act.advance(1000);
    expect(call.outcome()).toMatchObject({ mode: "simulated", status: 200 });
    expect(act.copied.get("call-1")).toMatchObject({ upstream: "b", status: 200 });
  });

  test("is told of with its status where the other upstream refuses it", async () => {
    const act = await setUp();
    serveNow(act);
    onlyCopy(act).json(429, {});
    expect(act.copied.get("call-1")).toMatchObject({ status: 429, ending: "finish" });
  });

  test("has nothing to tell where the other upstream cannot be reached", async () => {
    const act = await setUp();
    const call = serveNow(act);
    onlyCopy(act).failed("UPSTREAM_CONNECT");
    expect([act.copied.get("call-1"), call.outcome().status, act.copies]).toEqual([undefined, 200, ["b failed"]]);
  });

  test("that breaks off is told of with its ending", async () => {
    const act = await setUp();
    serveNow(act, { body: chat({ stream: true }) });
    const copy = onlyCopy(act);
    copy.head(200, streamHead);
    copy.data(tokenEvent("a"));
    copy.failed("UPSTREAM_RESET");
    expect(act.copied.get("call-1")).toMatchObject({ ending: "reset", timeline: { tokens: 1 } });
  });
});

describe("what the other upstream is sent", () => {
  const secrets = {
    authorization: "Bearer canary",
    "x-api-key": "canary",
    cookie: "canary",
    "openai-organization": "canary",
    "user-agent": "canary",
    "x-forwarded-for": "canary",
    "x-request-id": "canary",
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "content-type": "application/json",
    accept: "text/event-stream",
  };

  test("has the key of its own and no header that tells who asks", async () => {
    const act = await setUp();
    serveNow(act, { headers: secrets, path: "/v1/chat/completions?key=canary&user=canary" });
    const copy = onlyCopy(act);
    copy.json(200, {});
    const { headers, target } = copy.outgoing;
    expect(JSON.stringify([headers, target])).not.toMatch(/canary|0af765/);
    expect(headers.filter((_, index) => index % 2 === 0).toSorted()).toEqual([
      "accept",
      "accept-encoding",
      "authorization",
      "content-type",
      "via",
      "x-request-id",
      "x-stuntdouble-shadow",
    ]);
    expect(copy.header("authorization")).toBe("Bearer key-of-b");
    expect(target).toBe("/v1/chat/completions");
  });

  test("is the body as it came", async () => {
    const act = await setUp();
    const body = '{"model":"steady", "store":true, "messages":[{"role":"user","content":"Hi"}]}';
    serveNow(act, { body });
    onlyCopy(act).json(200, {});
    expect(onlyCopy(act).text()).toBe(body);
  });

  test("has no store where that is stripped", async () => {
    const act = await setUp({ stripStore: true });
    serveNow(act, { body: chat({ store: true }) });
    onlyCopy(act).json(200, {});
    expect(JSON.parse(onlyCopy(act).text())).toEqual(chat());
  });

  test("asks the Responses API to store nothing, which left out it would", async () => {
    const act = await setUp({ stripStore: true });
    serveNow(act, { path: "/v1/responses", body: { model: "steady", input: "Hi" } });
    onlyCopy(act).json(200, {});
    expect(JSON.parse(onlyCopy(act).text())).toEqual({ model: "steady", input: "Hi", store: false });
  });

  const ofUser = {
    user: "canary",
    safety_identifier: "canary",
    prompt_cache_key: "canary",
    metadata: { who: "canary" },
  };

  test("says nothing in its body of who asks", async () => {
    const act = await setUp();
    serveNow(act, { body: chat({ ...ofUser, store: true }) });
    onlyCopy(act).json(200, {});
    expect(JSON.parse(onlyCopy(act).text())).toEqual(chat({ store: true }));
  });

  test("says who asks where that is wanted", async () => {
    const act = await setUp({ stripUser: false });
    serveNow(act, { body: chat(ofUser) });
    onlyCopy(act).json(200, {});
    expect(JSON.parse(onlyCopy(act).text())).toEqual(chat(ofUser));
  });

  test("keeps the parameters that say how the API responds", async () => {
    const act = await setUpAct(
      {
        upstreams: { g: { url: "https://g.example.com", dialect: "gemini" } },
        default: { serve: "forward", mirror: { upstream: "g" } },
      },
      { env },
    );
    const contents = [{ role: "user", parts: [{ text: "Hi" }] }];
    serveNow(act, { path: "/v1beta/models/steady:streamGenerateContent?alt=sse&key=canary", body: { contents } });
    onlyCopy(act).json(200, {});
    expect(onlyCopy(act).outgoing.target).toBe("/v1beta/models/steady:streamGenerateContent?alt=sse");
  });
});

describe("no copy is made", () => {
  test.each<[string, RequestWishes]>([
    ["of a path that cannot be simulated", { path: "/v1/audio/speech", body: {} }],
    ["of another dialect", { path: "/v1/messages", body: { model: "steady", max_tokens: 5, messages: [] } }],
    ["of a list of models", { method: "GET", path: "/v1/models", body: undefined }],
    [
      "of what goes on from an earlier response",
      { path: "/v1/responses", body: { model: "m", previous_response_id: "r" } },
    ],
    ["of a body that is no JSON", { body: "{" }],
  ])("%s", async (_, wishes) => {
    const act = await setUp();
    serveNow(act, wishes);
    expect([act.copiesAsked(), act.copies, act.copied.size]).toEqual([[], ["b not-copyable"], 0]);
  });

  test("of a call that a fault responds to", async () => {
    const config = mirroring();
    const faults = [{ kind: "status", status: 429 }];
    const act = await setUpAct({ ...config, default: { ...config.default, faults } }, { env });
    expect(act.serve().outcome().status).toBe(429);
    expect([act.copiesAsked(), act.copies]).toEqual([[], []]);
  });

  test("of a call that the control header steers, whose caller did not ask for it", async () => {
    const act = await setUpAct({ ...mirroring(), control: { enabled: true } }, { env });
    act.serve({ headers: { "x-stuntdouble": "simulate" } });
    await act.advance(1000);
    expect([act.copiesAsked(), act.copies]).toEqual([[], []]);
  });
});

test("a share of the calls is copied, drawn by request id", async () => {
  const act = await setUp({ percentage: 30 });
  for (let count = 0; count < 400; count += 1) {
    serveNow(act);
    for (const copy of act.copiesAsked()) copy.end();
  }
  expect(act.copiesAsked().length).toBeGreaterThan(80);
  expect(act.copiesAsked().length).toBeLessThan(160);
});

test("copies wait for one another, and what the queue has no room for is dropped", async () => {
  const act = await setUp({ maxConcurrent: 1, queue: 1 });
  for (let count = 0; count < 3; count += 1) serveNow(act);
  expect([act.copiesAsked().length, act.copies]).toEqual([1, ["b queue-full"]]);
  act.copiesAsked()[0]?.json(200, {});
  expect(act.copiesAsked()).toHaveLength(2);
  act.copiesAsked()[1]?.json(200, {});
  expect(act.copies).toEqual(["b queue-full", "b measured", "b measured"]);
});

test("the time of a copy that waited counts from when it was sent", async () => {
  const act = await setUp({ maxConcurrent: 1 });
  serveNow(act);
  serveNow(act);
  await act.advance(100);
  act.copiesAsked()[0]?.json(200, {});
  await act.advance(40);
  act.copiesAsked()[1]?.json(200, {});
  expect(act.copied.get("call-2")?.timeline.totalMs).toBe(40);
});

test("so many copies are made in a minute", async () => {
  const act = await setUp({ maxPerMinute: 2 });
  for (let count = 0; count < 3; count += 1) serveNow(act);
  for (const copy of act.copiesAsked()) copy.json(200, {});
  expect(act.copies).toEqual(["b rate-limited", "b measured", "b measured"]);
  await act.advance(30_000);
  serveNow(act);
  act.copiesAsked()[2]?.json(200, {});
  expect(act.copies).toHaveLength(4);
});

test("the tokens of copies are limited by the minute, those of their responses too", async () => {
  const act = await setUp({ maxTokensPerMinute: 100 });
  serveNow(act);
  act.copiesAsked()[0]?.json(200, { usage: { prompt_tokens: 9, completion_tokens: 500 } });
  serveNow(act);
  expect(act.copies).toEqual(["b measured", "b rate-limited"]);
});

test("a copy is aborted at its deadline, and so is one that waits", async () => {
  const act = await setUp({ deadlineMs: 500, maxConcurrent: 1 });
  serveNow(act);
  serveNow(act);
  await act.advance(499);
  expect(onlyCopy(act).aborted).toBe(false);
  await act.advance(1);
  expect(onlyCopy(act).aborted).toBe(true);
  expect([act.copies, [...act.copied.values()]]).toEqual([
    ["b deadline", "b deadline"],
    [undefined, undefined],
  ]);
});

test("a configuration that takes the place of another lets copies end, those that wait as well", async () => {
  const act = await setUp({ maxConcurrent: 1 });
  serveNow(act);
  serveNow(act);
  await act.reload({ upstreams, default: { serve: "forward", upstream: "a" } });
  onlyCopy(act).json(200, {});
  act.copiesAsked()[1]?.json(200, {});
  expect([act.copies, act.copied.size]).toEqual([["b measured", "b measured"], 2]);
});

describe("the breaker of the upstream that gets copies", () => {
  const guarded = { ...upstreams, b: { ...upstreams.b, breaker: { consecutiveFailures: 1, resetMs: 1000 } } };
  const setUpGuarded = async (mirror: Mirror = {}): Promise<ActHarness> =>
    await setUpAct({ ...mirroring(mirror), upstreams: guarded }, { env });
  const fail = (copy: UpstreamCall | undefined): void => copy?.failed("UPSTREAM_CONNECT");

  test("is opened by copies that fail, and no further copy is made", async () => {
    const act = await setUpGuarded();
    serveNow(act);
    fail(onlyCopy(act));
    serveNow(act);
    expect([act.copiesAsked().length, act.copies]).toEqual([1, ["b failed", "b breaker"]]);
  });

  test("stops the copies that wait", async () => {
    const act = await setUpGuarded({ maxConcurrent: 1 });
    for (let count = 0; count < 3; count += 1) serveNow(act);
    fail(onlyCopy(act));
    expect([act.copiesAsked().length, act.copies]).toEqual([1, ["b failed", "b breaker", "b breaker"]]);
    expect(act.copied.size).toBe(3);
  });

  test("is closed again by a copy that is responded to", async () => {
    const act = await setUpGuarded();
    serveNow(act);
    fail(onlyCopy(act));
    await act.advance(1001);
    serveNow(act);
    act.copiesAsked()[1]?.json(200, {});
    serveNow(act);
    act.copiesAsked()[2]?.json(200, {});
    expect(act.copies).toEqual(["b failed", "b measured", "b measured"]);
  });

  test("learns nothing of a copy that was aborted, and lets another one try", async () => {
    const act = await setUpGuarded({ deadlineMs: 500 });
    serveNow(act);
    fail(onlyCopy(act));
    await act.advance(1001);
    serveNow(act);
    serveNow(act);
    expect(act.copies).toEqual(["b failed", "b breaker"]);
    await act.advance(500);
    serveNow(act);
    act.copiesAsked()[2]?.json(200, {});
    expect(act.copies.slice(2)).toEqual(["b deadline", "b measured"]);
  });

  test("is opened by a copy that breaks off after its head", async () => {
    const act = await setUpGuarded();
    serveNow(act);
    onlyCopy(act).head(200, streamHead);
    onlyCopy(act).failed("UPSTREAM_RESET");
    serveNow(act);
    expect(act.copies).toEqual(["b measured", "b breaker"]);
  });
});

test("through a gateway that carries the call, the copy is sent by ourselves", async () => {
  const act = await setUp();
  const call = act.serve({ carried: true });
  expect(call.upstream().passage).toMatchObject({ upstream: "a" });
  expect(onlyCopy(act).passage).toBeUndefined();
  call.upstream().json(200, {});
  onlyCopy(act).json(200, {});
  expect(act.copied.get("call-1")).toMatchObject({ upstream: "b" });
});

test("the body of a call that may be copied is read before it is forwarded", async () => {
  const act = await setUp();
  const { request } = serveNow(act);
  onlyCopy(act).json(200, {});
  expect(act.needsBody(request)).toBe(true);
});
