import { createHash } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { apiError } from "../../support/errors.ts";
import { startNode, until, type Node } from "../../support/node.ts";
import { chatBody, postText, rawConnect, rawRequest, type RawResponse } from "../../support/raw.ts";
import { chatResponse, chatEvents, hang, json, resetBeforeHead, sse, startUpstream } from "../../support/upstream.ts";
import type { Script, ScriptedUpstream } from "../../support/upstream.ts";

const chat = "/v1/chat/completions";
let nodes: Node[] = [];
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  nodes = [];
});

async function start(...args: Parameters<typeof startNode>): Promise<Node> {
  const node = await startNode(...args);
  nodes.push(node);
  return node;
}

const ask = (node: Node, headers: readonly string[] = [], body = chatBody()): Promise<RawResponse> =>
  rawRequest(node.port, postText(chat, body, [...headers, "connection: close"]));

describe("API keys", () => {
  const keys = [
    { name: "one", env: "KEY_ONE" },
    { name: "two", sha256: createHash("sha256").update("key-two").digest("hex") },
  ];
  const env = { KEY_ONE: "key-one" };

  test("let in who presents one, in any of the three headers", async () => {
    const node = await start({ auth: { keys } }, { env });
    for (const header of [
      "authorization: Bearer key-one",
      "authorization: bearer key-two",
      "x-api-key: key-two",
      "api-key: key-one",
    ]) {
      expect((await ask(node, [header])).status).toBe(200);
    }
    const names = (await node.outcomes(4)).map(({ keyName }) => keyName);
    expect(names).toEqual(["one", "two", "two", "one"]);
  });

  test.each([
    ["none", []],
    ["a wrong one", ["authorization: Bearer key-three"]],
    ["an empty one", ["authorization: Bearer "]],
    ["one in the wrong scheme", ["authorization: Basic key-one"]],
    ["another's digest", [`authorization: Bearer ${keys[1]!.sha256}`]],
  ])("keep out who presents %s: 401", async (_what, headers) => {
    const node = await start({ auth: { keys } }, { env });
    for (const target of [chat, "/v1/models", "/v1/nothing"]) {
      const response = await rawRequest(node.port, postText(target, chatBody(), [...headers, "connection: close"]));
      expect(response.status).toBe(401);
      expect(apiError(response.body)).toMatchObject({ type: "invalid_request_error", code: "invalid_api_key" });
    }
  });

  test("are what rules can match on", async () => {
    const rules = [
      { name: "for-two", match: { key: "two" }, serve: "simulate", faults: [{ kind: "status", status: 503 }] },
    ];
    const node = await start({ auth: { keys }, rules }, { env });
    expect((await ask(node, ["x-api-key: key-one"])).status).toBe(200);
    expect((await ask(node, ["x-api-key: key-two"])).headers["x-stuntdouble-rule"]).toBe("for-two");
  });
});

describe("rate limits", () => {
  const env = { KEY_ONE: "key-one", KEY_TWO: "key-two" };
  const one = ["authorization: Bearer key-one"];
  const two = ["authorization: Bearer key-two"];

  test("of requests let so many a minute through, and tell what is left in the provider's headers", async () => {
    const keys = [
      { name: "one", env: "KEY_ONE", requestsPerMinute: 3 },
      { name: "two", env: "KEY_TWO" },
    ];
    const node = await start({ auth: { keys } }, { env });
    for (const left of ["2", "1", "0"]) {
      const response = await ask(node, one);
      expect(response.status).toBe(200);
      expect(response.headers).toMatchObject({
        "x-ratelimit-limit-requests": "3",
        "x-ratelimit-remaining-requests": left,
      });
      expect(response.headers["x-ratelimit-reset-requests"]).toMatch(/^(\d+m)?[\d.]+m?s$/);
    }
    const response = await ask(node, one);
    expect(response.status).toBe(429);
    expect(apiError(response.body)).toMatchObject({ type: "requests", code: "rate_limit_exceeded", param: null });
    expect(response.headers).toMatchObject({ "x-ratelimit-remaining-requests": "0" });
    const retryAfter = Number(response.headers["retry-after"]);
    expect(retryAfter).toBeGreaterThan(0);
    expect(retryAfter).toBeLessThanOrEqual(20);
    expect((await ask(node, two)).status).toBe(200);
  });

  test("of tokens count prompt and response", async () => {
    const keys = [{ name: "one", env: "KEY_ONE", tokensPerMinute: 200 }];
    const node = await start({ auth: { keys } }, { env });
    expect((await ask(node, one, chatBody({ max_tokens: 40 }))).status).toBe(200);
    const second = await ask(node, one, chatBody({ max_tokens: 40 }));
    const left = Number(second.headers["x-ratelimit-remaining-tokens"]);
    expect(left).toBeLessThan(150);
    const long = "word ".repeat(160);
    const refused = await ask(node, one, chatBody({ messages: [{ role: "user", content: long }] }));
    expect(refused.status).toBe(429);
    expect(apiError(refused.body)).toMatchObject({ type: "tokens", code: "rate_limit_exceeded" });
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
    const never = await ask(node, one, chatBody({ messages: [{ role: "user", content: "word ".repeat(1000) }] }));
    expect(never.status).toBe(429);
    expect(apiError(never.body).message).toMatch(/too large/i);
    expect(never.headers).not.toHaveProperty("retry-after");
  });

  test("without keys hold for all callers together, and on forwarded answers too", async () => {
    const accounts = { "X-RateLimit-Remaining-Requests": "9999", "x-ratelimit-remaining-tokens": "777" };
    const upstream = await startUpstream(json(chatResponse("hi"), { headers: accounts }));
    const node = await start({
      rateLimit: { requestsPerMinute: 2 },
      upstreams: { openai: { url: upstream.url } },
      default: { serve: "forward" },
    });
    const responses = [await ask(node), await ask(node, one), await ask(node, two)];
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(responses[0]!.headers).toMatchObject({
      "x-ratelimit-limit-requests": "2",
      "x-ratelimit-remaining-requests": "1",
    });
    expect(responses[0]!.text.match(/x-ratelimit-remaining-requests/gi)).toHaveLength(1);
    expect(responses[0]!.headers["x-ratelimit-remaining-tokens"]).toBe("777");
    expect(upstream.received).toHaveLength(2);
    await upstream.stop();
  });
});

describe("permits", () => {
  const slow = ["x-stuntdouble: ttft=1, itl=10, tokens=3000"];

  /** A node whose only permit is taken by a stream without end. */
  async function fullNode(permits: object) {
    const node = await start({ control: { enabled: true }, permits: { max: 1, ...permits } });
    const holder = await rawConnect(node.port);
    holder.socket.write(postText(chat, chatBody({ stream: true }), slow));
    await until("the permit to be taken", () => (holder.text().includes("data:") ? true : undefined));
    return { node, holder };
  }

  test("that do not come free in time give 503 with retry-after", async () => {
    const { node, holder } = await fullNode({ queue: 5, queueTimeoutMs: 100 });
    const response = await ask(node);
    expect(response.status).toBe(503);
    expect(apiError(response.body)).toMatchObject({ type: "server_error", code: "QUEUE_TIMEOUT", param: null });
    expect(Number(response.headers["retry-after"])).toBeGreaterThanOrEqual(1);
    expect(await node.metric("stuntdouble_queue_timeouts_total")).toBe(1);
    const [outcome] = await node.outcomes();
    expect(outcome).toMatchObject({ cause: "QUEUE_TIMEOUT", status: 503, mode: "own" });
    expect(outcome!.queueMs).toBeGreaterThanOrEqual(99);
    holder.socket.destroy();
  });

  test("with a full queue give 503 at once", async () => {
    const { node, holder } = await fullNode({ queue: 1, queueTimeoutMs: 60_000 });
    const waiting = await rawConnect(node.port);
    waiting.socket.write(postText(chat, chatBody()));
    await until("a full queue", async () => ((await node.metric("stuntdouble_queue_depth")) === 1 ? true : undefined));
    const response = await ask(node);
    expect(response.status).toBe(503);
    expect(apiError(response.body)).toMatchObject({ code: "QUEUE_FULL" });
    expect(response.headers["retry-after"]).toBeDefined();
    for (const { socket } of [waiting, holder]) socket.destroy();
  });

  test("are given in the order of arrival, and the wait is not a part of the planned time", async () => {
    const { node, holder } = await fullNode({ queue: 5, queueTimeoutMs: 60_000 });
    const calls: Promise<RawResponse>[] = [];
    for (let number = 0; number < 4; number += 1) {
      calls.push(ask(node, [`x-request-id: call-${number}`]));
      await until("the queue", async () =>
        (await node.metric("stuntdouble_queue_depth")) === number + 1 ? true : undefined,
      );
    }
    holder.socket.destroy();
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const done = (await node.outcomes(5)).filter(({ id }) => id.startsWith("call-")).map(({ id }) => id);
    expect(done.toReversed()).toEqual(["call-0", "call-1", "call-2", "call-3"]);
    for (const { id, queueMs, overheadMs } of await node.outcomes(5))
      if (id.startsWith("call-")) expect(overheadMs).toBeLessThan(queueMs);
  });

  test("that are all taken show as a utilisation of 1", async () => {
    const { node, holder } = await fullNode({});
    expect(await node.metric("stuntdouble_permit_utilisation")).toBe(1);
    expect(await node.admin("/admin/v1/status")).toMatchObject({ inFlight: 1, permits: { max: 1, available: 0 } });
    holder.socket.destroy();
    await node.idle();
    expect(await node.metric("stuntdouble_permit_utilisation")).toBe(0);
  });
});

describe("the breaker of an upstream", () => {
  let upstream: ScriptedUpstream;
  const broken = json({ error: { message: "broken", type: "server_error", param: null, code: null } }, { status: 500 });
  beforeAll(async () => {
    upstream = await startUpstream(hang);
  });
  afterAll(() => upstream.stop());

  const startWith = (breaker: object, more: object = {}) =>
    start({
      upstreams: {
        openai: {
          url: upstream.url,
          headTimeoutMs: 200,
          breaker: { errorPercentage: 50, minimumCalls: 4, resetMs: 60_000, ...breaker },
        },
      },
      default: { serve: "forward" },
      ...more,
    });
  const stateOf = async (node: Node) =>
    (await node.admin<{ breakers: { openai: string } }>("/admin/v1/status")).breakers.openai;
  const askTimes = async (node: Node, times: number, script: Script, body = chatBody()) => {
    upstream.script(script);
    for (let count = 0; count < times; count += 1) await ask(node, [], body);
  };

  test.each<readonly [string, Script]>([
    ["answers 500", broken],
    ["breaks the connection", resetBeforeHead],
    ["does not response in time", hang],
    ["breaks its streams in the middle", sse(chatEvents(["one"]).slice(0, 2), { ending: "reset", gapMs: 5 })],
  ])("opens when it %s", async (_how, script) => {
    const node = await startWith({ whenOpen: "fail" });
    await askTimes(node, 3, script, chatBody({ stream: true }));
    expect(await stateOf(node)).toBe("closed");
    await askTimes(node, 1, script, chatBody({ stream: true }));
    await until("an open breaker", async () => ((await stateOf(node)) === "open" ? true : undefined));
    expect(await node.metric('stuntdouble_breaker_state{upstream="openai"}')).toBe(1);
    expect(node.logLines().filter((line) => line.includes('"breaker"') && line.includes('"open"'))).toHaveLength(1);
  });

  test.each<readonly [string, Script]>([
    ["answers 429", json({}, { status: 429 })],
    ["answers 400", json({}, { status: 400 })],
    ["is slow but answers", sse(chatEvents(["one"]), { gapMs: 60 })],
  ])("stays closed when it %s", async (_how, script) => {
    const node = await startWith({ whenOpen: "fail" });
    await askTimes(node, 6, script);
    expect(await stateOf(node)).toBe("closed");
  });

  test("stays closed when clients leave", async () => {
    const node = await startWith({ whenOpen: "fail" }, {});
    upstream.script(sse(chatEvents(["one"]), { ending: "hang" }));
    for (let count = 0; count < 6; count += 1) {
      const { socket, text } = await rawConnect(node.port);
      socket.write(postText(chat, chatBody({ stream: true })));
      await until("the stream", () => (text().includes("one") ? true : undefined));
      socket.destroy();
    }
    await node.idle();
    expect(await stateOf(node)).toBe("closed");
  });

  test("when open gives 503 with retry-after and asks the upstream no more", async () => {
    const node = await startWith({ whenOpen: "fail" });
    await askTimes(node, 4, broken);
    const before = upstream.received.length;
    const response = await ask(node);
    expect(response.status).toBe(503);
    expect(apiError(response.body)).toMatchObject({ type: "server_error", code: "BREAKER_OPEN" });
    expect(Number(response.headers["retry-after"])).toBeGreaterThan(50);
    expect(upstream.received).toHaveLength(before);
  });

  test("when open lets the simulator stand in, marked as such, streamed or not", async () => {
    const node = await startWith({ whenOpen: "simulate" });
    await askTimes(node, 4, broken);
    const before = upstream.received.length;
    const whole = await ask(node, [], chatBody({ model: "gpt-4o-mini", max_tokens: 1 }));
    expect(whole.status).toBe(200);
    expect(whole.headers).toMatchObject({ "x-stuntdouble-decision": "stand-in", "x-stuntdouble-rule": "default" });
    const streamed = await ask(node, [], chatBody({ stream: true, max_tokens: 2 }));
    expect(streamed.headers["x-stuntdouble-decision"]).toBe("stand-in");
    expect(streamed.body).toContain("[DONE]");
    expect(upstream.received).toHaveLength(before);
    expect((await node.outcomes())[1]).toMatchObject({
      standIn: true,
      mode: "simulated",
      upstream: "openai",
      profile: "gpt-4o-mini",
    });
    expect(await node.metric('stuntdouble_stand_ins_total{upstream="openai"}')).toBe(2);
    expect((await rawRequest(node.port, "GET /v1/files HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n")).status).toBe(
      503,
    );
  });

  test("when open still forwards where that is wanted", async () => {
    const node = await startWith({ whenOpen: "forward" });
    await askTimes(node, 4, broken);
    expect(await stateOf(node)).toBe("open");
    upstream.script(json(chatResponse("back")));
    const response = await ask(node);
    expect(response.status).toBe(200);
    expect(response.body).toContain("back");
  });

  test("tries one call after a while, and closes when that succeeds", async () => {
    const node = await startWith({ whenOpen: "fail", resetMs: 200 });
    await askTimes(node, 4, broken);
    await until("the time to try", async () => ((await stateOf(node)) === "half-open" ? true : undefined));
    await askTimes(node, 1, broken);
    expect(await stateOf(node)).toBe("open");
    await until("the time to try", async () => ((await stateOf(node)) === "half-open" ? true : undefined));
    await askTimes(node, 1, json(chatResponse("back")));
    expect(await stateOf(node)).toBe("closed");
    expect((await ask(node)).status).toBe(200);
  });
});
