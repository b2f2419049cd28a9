import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNode, until, type Node } from "../../support/node.ts";
import { h2Response, h2Connect } from "../../support/h2.ts";
import { chatResponse, json, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

const MiB = 1024 * 1024;
const maxBodyBytes = 200_000;
const chat = (model: string, more: object = {}): Buffer =>
  Buffer.from(JSON.stringify({ model, messages: [{ role: "user", content: "Say hello" }], ...more }));

const encodings: readonly (readonly [coding: string, encode: (bytes: Buffer) => Buffer])[] = [
  ["gzip", gzipSync],
  ["x-gzip", gzipSync],
  ["deflate", deflateSync],
  ["br", brotliCompressSync],
  ["zstd", zstdCompressSync],
  ["identity", (bytes) => bytes],
  ["gzip, br", (bytes) => brotliCompressSync(gzipSync(bytes))],
];

let upstream: ScriptedUpstream;
let node: Node;
beforeAll(async () => {
  upstream = await startUpstream(json(chatResponse("Hello")));
  node = await startNode({
    listen: { maxBodyBytes },
    upstreams: { openai: { url: upstream.url } },
    rules: [{ name: "simulated", match: { model: "steady" }, serve: "simulate", profile: "instant" }],
    default: { serve: "forward" },
  });
});
afterAll(async () => {
  await node.stop();
  await upstream.stop();
});

function post(body: Buffer, coding: string): Promise<Response> {
  const headers = { "content-type": "application/json", "content-encoding": coding };
  return fetch(`${node.url}/v1/chat/completions`, { method: "POST", headers, body: new Uint8Array(body) });
}

describe.each(encodings)("a body in %s", (coding, encode) => {
  test("goes on as it came, and its model is known", async () => {
    const body = encode(chat("gpt-4o"));
    const before = upstream.received.length;
    const response = await post(body, coding);
    expect(response.status).toBe(200);
    const received = upstream.received[before];
    expect(received?.body().equals(body)).toBe(true);
    expect(received?.headers["content-encoding"]).toBe(coding);
    await node.idle();
    expect((await node.outcomes())[0]).toMatchObject({ mode: "real", model: "gpt-4o" });
  });

  test("is simulated, and rules and usage see what is in it", async () => {
    const response = await post(encode(chat("steady")), coding);
    expect(response.headers.get("x-stuntdouble-rule")).toBe("simulated");
    expect(await response.json()).toMatchObject({
      model: "steady",
      usage: { prompt_tokens: expect.any(Number) },
    });
  });
});

test("an encoded body is understood over HTTP/2", async () => {
  const session = await h2Connect(node.url);
  const stream = session.request(
    { ":method": "POST", ":path": "/v1/chat/completions", "content-encoding": "gzip" },
    { endStream: false },
  );
  stream.end(gzipSync(chat("steady")));
  expect((await h2Response(stream)).headers["x-stuntdouble-rule"]).toBe("simulated");
  session.close();
});

test.each(["gzip", "lzma"])("a body that is no %s goes on as it came where it is forwarded", async (coding) => {
  const body = chat("steady");
  const before = upstream.received.length;
  expect((await post(body, coding)).status).toBe(200);
  expect(upstream.received[before]?.body().equals(body)).toBe(true);
});

describe("where all is simulated", () => {
  let simulating: Node;
  beforeAll(async () => {
    simulating = await startNode({ listen: { maxBodyBytes } });
  });
  afterAll(() => simulating.stop());

  const send = (body: Buffer, coding: string): Promise<Response> =>
    fetch(`${simulating.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-encoding": coding },
      body: new Uint8Array(body),
    });

  test("data of another coding gets 400 in the words of the API", async () => {
    const response = await send(chat("steady"), "gzip");
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining("gzip") } });
  });

  test("an unknown coding gets 415, and is told those that are known", async () => {
    const response = await send(chat("steady"), "lzma");
    expect(response.status).toBe(415);
    expect(response.headers.get("accept-encoding")).toBe("gzip, deflate, br, zstd");
  });

  test("the limit holds for what is decoded", async () => {
    const fits = chat("steady", { user: "x".repeat(maxBodyBytes - 100) });
    expect(fits.length).toBeLessThanOrEqual(maxBodyBytes);
    expect((await send(gzipSync(fits), "gzip")).status).toBe(200);
    expect((await send(gzipSync(chat("steady", { user: "x".repeat(maxBodyBytes) })), "gzip")).status).toBe(413);
  });
});

test.each([
  ["gzip", gzipSync(gzipSync(Buffer.alloc(500 * MiB))), "gzip, gzip"],
  ["zstd", zstdCompressSync(Buffer.alloc(500 * MiB)), "zstd"],
  ["br", brotliCompressSync(Buffer.alloc(100 * MiB)), "br"],
])("a bomb of %s gets 413, and takes little memory", { timeout: 60_000 }, async (_name, bomb, coding) => {
  const simulating = await startNode();
  let peak = 0;
  const look = (): void => void (peak = Math.max(peak, process.memoryUsage().arrayBuffers));
  const before = process.memoryUsage().arrayBuffers;
  const timer = setInterval(look, 1);
  const response = await fetch(`${simulating.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-encoding": coding },
    body: new Uint8Array(bomb),
  });
  clearInterval(timer);
  look();
  expect(response.status).toBe(413);
  expect(peak - before).toBeLessThan(8 * MiB);
  await until("an idle node", () => simulating.idle().then(() => true));
  await simulating.stop();
});
