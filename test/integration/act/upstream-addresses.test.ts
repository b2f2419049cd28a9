import dns from "node:dns";
import { createServer, isIP, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { startNode, until, type Node } from "../../support/node.ts";
import { startProxy } from "../../support/programs/forward-proxy.ts";
import { chatBody, postText, rawRequest, type RawResponse } from "../../support/raw.ts";
import {
  chatResponse,
  json,
  nowhere,
  resetBeforeHead,
  startUpstream,
  type ScriptedUpstream,
} from "../../support/upstream.ts";

type Found = (error: null, addresses: readonly object[]) => void;

const answering = json(chatResponse("hello"));

let ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.toReversed()) await end();
  ends = [];
});

async function upstreamOf(...args: Parameters<typeof startUpstream>): Promise<ScriptedUpstream> {
  const upstream = await startUpstream(...args);
  ends.push(() => upstream.stop());
  return upstream;
}

async function nodeOf(upstream: object, env: Readonly<Record<string, string>> = {}): Promise<Node> {
  const node = await startNode({ upstreams: { openai: upstream }, default: { serve: "forward" } }, { env });
  ends.push(() => node.stop());
  return node;
}

async function ask(node: Node, target = "/v1/chat/completions", body = chatBody()): Promise<RawResponse> {
  return await rawRequest(node.port, postText(target, body, ["connection: close"]));
}

describe("several URLs of an upstream", () => {
  test("are tried in their order, and the first that can be reached is asked", async () => {
    const [first, second] = [await upstreamOf(answering), await upstreamOf(answering)];
    const node = await nodeOf({ urls: [nowhere, first.url, second.url] });
    for (let count = 0; count < 5; count += 1) expect((await ask(node)).status).toBe(200);
    expect([first.received.length, second.received.length]).toEqual([5, 0]);
  });

  test("get a body only once, whole", async () => {
    const second = await upstreamOf(answering);
    const node = await nodeOf({ urls: [nowhere, second.url] });
    const body = chatBody({ user: "x".repeat(100_000) });
    const responses = [
      postText("/v1/chat/completions", body, ["connection: close"]),
      postText("/v1/files", body, ["connection: close"]),
    ];
    for (const text of responses) expect((await rawRequest(node.port, text)).status).toBe(200);
    expect(second.received.map((each) => each.body().toString())).toEqual([body, body]);
  });

  test("are not asked again for a request of which a byte was sent", async () => {
    const [first, second] = [await upstreamOf(resetBeforeHead), await upstreamOf(answering)];
    const node = await nodeOf({ urls: [first.url, second.url] });
    expect((await ask(node)).status).toBe(502);
    expect([first.received.length, second.received.length]).toEqual([1, 0]);
  });

  test("fail a call only when none of them can be reached, as one failure", async () => {
    const breaker = { minimumCalls: 100, consecutiveFailures: 2 };
    const node = await nodeOf({ urls: [nowhere, nowhere, nowhere], breaker });
    const state = async () => (await node.admin<{ breakers: object }>("/admin/v1/status")).breakers;
    expect(await ask(node)).toMatchObject({ status: 502, body: expect.stringContaining("ECONNREFUSED") });
    expect(await state()).toEqual({ openai: "closed" });
    await ask(node);
    expect(await state()).toEqual({ openai: "open" });
  });

  test("lose no call when the first is killed under load", async () => {
    const [first, second] = [await upstreamOf(answering), await upstreamOf(answering)];
    const node = await nodeOf({ urls: [first.url, second.url] });
    const statuses: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      if (round === 5) await first.stop();
      statuses.push(...(await Promise.all(Array.from({ length: 10 }, () => ask(node)))).map(({ status }) => status));
    }
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    expect(second.received.length).toBe(150);
  });
});

test("a WebSocket is opened at the next URL once the first could not be reached", async () => {
  const second = await upstreamOf(answering, {
    onUpgrade: (_request, socket) =>
      void socket.end("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n"),
  });
  const node = await nodeOf({ urls: [nowhere, second.url] });
  const open = () =>
    rawRequest(node.port, "GET /v1/realtime HTTP/1.1\r\nhost: h\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n");
  expect((await open()).status).toBe(502);
  expect((await open()).status).toBe(101);
});

describe("a stand-in for an upstream that is killed", () => {
  test("serves every call from the first on, and the failures are counted", async () => {
    const upstream = await upstreamOf(answering);
    const node = await nodeOf({ url: upstream.url, breaker: { whenOpen: "simulate" } });
    const body = chatBody({ max_tokens: 1 });
    const calls: Promise<RawResponse>[] = [];
    for (let round = 0; round < 30; round += 1) {
      if (round === 5) {
        await Promise.all(calls);
        await upstream.stop();
      }
      calls.push(...Array.from({ length: 5 }, () => ask(node, "/v1/chat/completions", body)));
      await sleep(20);
    }
    const responses = await Promise.all(calls);
    expect(responses.filter(({ status }) => status !== 200)).toEqual([]);
    const decisions = responses.map(({ headers }) => headers["x-stuntdouble-decision"]);
    expect(decisions.filter((decision) => decision === "stand-in")).toHaveLength(125);
    expect(await node.admin("/admin/v1/status")).toMatchObject({ breakers: { openai: "open" } });
    const counted = await node.metric('stuntdouble_errors_total{upstream="openai",cause="UPSTREAM_CONNECT"}');
    expect(counted).toBeGreaterThanOrEqual(20);
  });
});

describe("a connection", () => {
  /** Has a name lead to these addresses, the last ones for good; gives back how often it was looked up. */
  function resolve(...results: readonly (readonly string[])[]): () => number {
    let asked = 0;
    const real = dns.lookup;
    const spy = vi.spyOn(dns, "lookup").mockImplementation(((name: string, options: object, found: Found) => {
      if (name !== "provider.example") return real(name, options, found as never);
      const addresses = results[Math.min(asked, results.length - 1)] ?? [];
      asked += 1;
      setImmediate(
        found,
        null,
        addresses.map((address) => ({ address, family: isIP(address) })),
      );
    }) as never);
    ends.push(async () => spy.mockRestore());
    return () => asked;
  }

  async function serverAt(address: string, port = 0): Promise<{ readonly port: number; readonly made: () => number }> {
    let made = 0;
    const server = createServer((socket) => {
      made += 1;
      socket
        .on("error", () => undefined)
        .on("data", () => {
          socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
        });
    });
    await new Promise<void>((resolve, reject) => void server.once("error", reject).listen(port, address, resolve));
    ends.push(async () => server.close());
    return { port: (server.address() as AddressInfo).port, made: () => made };
  }

  test("is not used beyond its age, and the next one asks DNS again", async () => {
    const old = await serverAt("127.0.0.1");
    const moved = await serverAt("127.0.0.2", old.port);
    const lookups = resolve(["127.0.0.1"], ["127.0.0.2"]);
    const node = await nodeOf({ url: `http://provider.example:${old.port}`, maxConnectionAgeMs: 200 });
    await until("a connection to the other address", async () => {
      expect((await ask(node)).status).toBe(200);
      return moved.made() > 0 ? true : undefined;
    });
    expect([old.made(), lookups()]).toEqual([1, 2]);
  });

  test.each([
    ["IPv6 is not served", ["::1", "127.0.0.1"]],
    ["one of several does not listen", ["127.0.0.3", "127.0.0.4", "127.0.0.1"]],
  ])("is made to whichever address of a name takes it: %s", async (_, addresses) => {
    const { port } = await serverAt("127.0.0.1");
    resolve(addresses);
    const node = await nodeOf({ url: `http://provider.example:${port}` });
    expect((await ask(node)).status).toBe(200);
  });
});

test("an http upstream behind a proxy is asked by whole URLs, and its proxy gets the credentials", async () => {
  const [upstream, proxy] = [await upstreamOf(answering), await startProxy()];
  ends.push(() => proxy.stop());
  const node = await nodeOf({ url: `${upstream.url}/base` }, { http_proxy: `http://a:b@127.0.0.1:${proxy.port}` });
  expect((await ask(node)).status).toBe(200);
  expect(proxy.asked).toEqual([`POST ${upstream.url}/base/v1/chat/completions`]);
  expect(proxy.authorizations).toEqual([`Basic ${Buffer.from("a:b").toString("base64")}`]);
  expect(upstream.received[0]?.headers).toMatchObject({ host: new URL(upstream.url).host });
  expect(upstream.received[0]?.headers).not.toHaveProperty("proxy-authorization");
});

test.each([
  ["/v1", "/v1/chat/completions", "/v1/chat/completions"],
  ["/v1/", "/v1/chat/completions", "/v1/chat/completions"],
  ["/openai/v1", "/v1/chat/completions", "/openai/v1/chat/completions"],
  ["/api/v1", "/api/v1/chat/completions", "/api/v1/chat/completions"],
  ["/v1beta", "/v1beta/models/gemini-2.5-pro:generateContent", "/v1beta/models/gemini-2.5-pro:generateContent"],
  ["/v1", "/v1beta/models", "/v1/v1beta/models"],
  ["/v1", "/v1?a=1", "/v1?a=1"],
  ["/base", "/v1/chat/completions", "/base/v1/chat/completions"],
])("a base path is joined as it is meant: %s and %s", async (base, target, joined) => {
  const upstream = await upstreamOf(answering);
  const node = await nodeOf({ url: upstream.url + base });
  await ask(node, target);
  expect(upstream.received[0]?.target).toBe(joined);
});
