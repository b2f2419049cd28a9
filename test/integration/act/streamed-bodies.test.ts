import { createHash, randomBytes } from "node:crypto";
import { connect, createServer, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { startNode, until, type Node } from "../../support/node.ts";
import { rawConnect, rawRequest } from "../../support/raw.ts";
import { chatResponse, json, nowhere, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

const MiB = 1024 * 1024;
const maxBodyBytes = 2 * MiB;
const large = JSON.stringify({
  model: "steady",
  messages: [{ role: "user", content: randomBytes(2 * MiB).toString("hex") }],
});

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

async function nodeOf(config: Readonly<Record<string, unknown>>): Promise<Node> {
  const node = await startNode(config);
  ends.push(() => node.stop());
  return node;
}

const byModel = { name: "by-model", match: { model: "steady" }, serve: "simulate", profile: "instant" };

function post(
  node: Node,
  body: string | Uint8Array<ArrayBuffer> | ReadableStream,
  headers: Record<string, string> = {},
  path = "/v1/chat/completions",
) {
  return fetch(`${node.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
    ...(body instanceof ReadableStream && { duplex: "half" }),
  });
}

/** The same without a length. */
function chunked(text: string): ReadableStream {
  const bytes = Buffer.from(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(new Uint8Array(bytes.subarray(at, at + 100_000)));
      at += 100_000;
    },
  });
}

const digest = (bytes: Buffer | string): string => createHash("sha256").update(bytes).digest("hex");

describe.each([
  ["with a length", () => large],
  ["in chunks", () => chunked(large)],
])("a body %s that is larger than what rules read", (_how, body) => {
  test("is forwarded byte for byte, and rules for its model do not match", async () => {
    const upstream = await upstreamOf(json(chatResponse("Hello")));
    const node = await nodeOf({
      listen: { maxBodyBytes },
      upstreams: { openai: { url: upstream.url } },
      rules: [byModel],
      default: { serve: "forward" },
    });
    const response = await post(node, body());
    expect(response.status).toBe(200);
    expect(response.headers.get("x-stuntdouble-rule")).toBe("default");
    expect(digest(upstream.received[0]!.body())).toBe(digest(large));
  });

  test("gets 413 where it is simulated", async () => {
    const node = await nodeOf({ listen: { maxBodyBytes } });
    expect((await post(node, body())).status).toBe(413);
  });

  test("goes on to the next URL where the first cannot be reached", async () => {
    const upstream = await upstreamOf(json(chatResponse("Hello")));
    const node = await nodeOf({
      listen: { maxBodyBytes },
      upstreams: { openai: { urls: [nowhere, upstream.url] } },
      default: { serve: "forward" },
    });
    expect((await post(node, body())).status).toBe(200);
    expect(digest(upstream.received[0]!.body())).toBe(digest(large));
  });

  test("gets 413 where it is larger than may be forwarded", async () => {
    const upstream = await upstreamOf(json(chatResponse("Hello")));
    const node = await nodeOf({
      listen: { maxBodyBytes: 1000, maxForwardedBodyBytes: MiB },
      upstreams: { openai: { url: upstream.url } },
      default: { serve: "forward" },
    });
    expect((await post(node, body())).status).toBe(413);
    await until("no connection to the upstream", () => (upstream.connections() === 0 ? true : undefined));
  });
});

test("a body that no rule needs goes on while it arrives", async () => {
  const upstream = await upstreamOf(json(chatResponse("Hello")));
  const node = await nodeOf({ upstreams: { openai: { url: upstream.url } }, default: { serve: "forward" } });
  const client = await rawConnect(node.port);
  client.socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: ${3 * MiB}\r\n\r\n`,
  );
  client.socket.write(Buffer.alloc(MiB, "x"));
  const received = await upstream.request(0);
  await until("the first part", () => (received.body().length >= MiB ? true : undefined));
  client.socket.write(Buffer.alloc(2 * MiB, "x"));
  expect((await client.response()).status).toBe(200);
  expect(received.body()).toHaveLength(3 * MiB);
});

test("an upstream that does not read slows the client down", { timeout: 30_000 }, async () => {
  const deaf = createServer({ pauseOnConnect: true }, (socket) => void socket.on("error", () => undefined));
  await new Promise<void>((resolve) => void deaf.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(deaf.address() as AddressInfo).port}`;
  const node = await nodeOf({ upstreams: { openai: { url, headTimeoutMs: 5000 } }, default: { serve: "forward" } });
  const client = connect({ host: "127.0.0.1", port: node.port });
  client.on("error", () => undefined);
  client.write("POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\ncontent-length: 500000000\r\n\r\n");
  let sent = 0;
  const piece = Buffer.alloc(MiB);
  const more = (): void => {
    while (sent < 500 && client.writable && client.write(piece)) sent += 1;
  };
  client.on("drain", more);
  more();
  let before = -1;
  await until("the client to be stopped", async () => {
    const still = sent === before;
    before = sent;
    await sleep(300);
    return still ? true : undefined;
  });
  expect(sent).toBeLessThan(100);
  client.destroy();
  deaf.close();
});

test("a response that comes before the body is whole reaches its client", async () => {
  const upstream = await upstreamOf((response) => void response.writeHead(401).end("no"), {
    respondEarly: true,
  });
  const node = await nodeOf({ upstreams: { openai: { url: upstream.url } }, default: { serve: "forward" } });
  const client = await rawConnect(node.port);
  client.socket.write(`POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\ncontent-length: ${30 * MiB}\r\n\r\n`);
  client.socket.write(Buffer.alloc(2 * MiB, "x"));
  const response = await client.response({ enough: (text) => text.endsWith("no") });
  expect(response.status).toBe(401);
  client.socket.destroy();
});

test("a client that waits with a body which is too large to be simulated is not asked for it", async () => {
  const node = await nodeOf({ listen: { maxBodyBytes } });
  const response = await rawRequest(
    node.port,
    `POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: ${3 * MiB}\r\n\r\n`,
    { enough: (text) => text.includes("}") },
  );
  expect(response.status).toBe(413);
  expect(response.text).not.toContain("100 Continue");
});

test("a client that waits with a body which is forwarded is asked for it", async () => {
  const upstream = await upstreamOf(json(chatResponse("Hello")));
  const node = await nodeOf({
    listen: { maxBodyBytes },
    upstreams: { openai: { url: upstream.url } },
    default: { serve: "forward" },
  });
  const client = await rawConnect(node.port);
  client.socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: ${large.length}\r\n\r\n`,
  );
  await until("leave to go on", () => (client.text().includes("100 Continue") ? true : undefined));
  client.socket.write(large);
  await client.response();
  expect(client.text()).toContain("HTTP/1.1 200");
});

test("bodies that arrive together take no more than the memory for them", { timeout: 60_000 }, async () => {
  const node = await nodeOf({ limits: { plannedBytes: 4 * MiB } });
  const clients = await Promise.all(Array.from({ length: 12 }, () => rawConnect(node.port)));
  for (const { socket } of clients) {
    socket.write(`POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\ncontent-length: ${64 * MiB}\r\n\r\n`);
    socket.write(Buffer.alloc(MiB / 2, " "));
    socket.write(Buffer.alloc(MiB, " "));
  }
  const refused = (): number => clients.filter(({ text }) => text().includes("HTTP/1.1 503")).length;
  await until("most of them to be refused", () => (refused() >= 8 ? true : undefined));
  for (const { socket } of clients) socket.destroy();
  await node.idle();
  expect((await post(node, JSON.stringify({ model: "m", messages: [{ role: "user", content: "Hi" }] }))).status).toBe(
    200,
  );
});

describe("a rule for a model", () => {
  const rules = [{ name: "other", match: { model: "other-*" }, serve: "forward", upstream: "second" }];
  const world = async (): Promise<{ node: Node; first: ScriptedUpstream; second: ScriptedUpstream }> => {
    const [first, second] = [await upstreamOf(json({ by: "first" })), await upstreamOf(json({ by: "second" }))];
    const upstreams = { first: { url: first.url }, second: { url: second.url } };
    return {
      node: await nodeOf({ upstreams, rules, default: { serve: "forward", upstream: "first" } }),
      first,
      second,
    };
  };

  test.each(["/v1/images/generations", "/v1/rerank", "/v1/audio/speech"])("takes a call of %s", async (path) => {
    const { node, second } = await world();
    const body = JSON.stringify({ input: "x", model: "other-1" });
    expect(await (await post(node, body, {}, path)).json()).toEqual({ by: "second" });
    expect(await (await post(node, JSON.stringify({ model: "mine" }), {}, path)).json()).toEqual({ by: "first" });
    const zipped = new Uint8Array(gzipSync(body));
    expect(await (await post(node, zipped, { "content-encoding": "gzip" }, path)).json()).toEqual({ by: "second" });
    expect(second.received.map((each) => each.body().toString("latin1"))).toEqual([
      body,
      Buffer.from(zipped).toString("latin1"),
    ]);
    await node.idle();
    expect((await node.outcomes(3))[0]).toMatchObject({ model: "other-1" });
  });

  test.each([
    ["before", ["model", "file"]],
    ["behind", ["file", "model"]],
  ])("takes a transcription whose field stands %s the file", async (_where, order) => {
    const { node, second } = await world();
    const audio = randomBytes(3 * MiB);
    const form = new FormData();
    for (const name of order) {
      if (name === "model") form.append("model", "other-1");
      else form.append("file", new Blob([audio]), "speech.wav");
    }
    const response = await fetch(`${node.url}/v1/audio/transcriptions`, { method: "POST", body: form });
    expect(await response.json()).toEqual({ by: "second" });
    expect(second.received[0]!.body().includes(audio)).toBe(true);
  });

  test("takes a transcription of a deployment", async () => {
    const { node } = await world();
    const form = new FormData();
    form.append("file", new Blob(["x"]), "speech.wav");
    const path = "/openai/deployments/other-1/audio/transcriptions?api-version=1";
    const response = await fetch(node.url + path, { method: "POST", body: form });
    expect(await response.json()).toEqual({ by: "second" });
  });

  test("does not take a batch, which names no model", async () => {
    const { node } = await world();
    const body = JSON.stringify({ input_file_id: "file-1", endpoint: "/v1/chat/completions" });
    expect(await (await post(node, body, {}, "/v1/batches")).json()).toEqual({ by: "first" });
  });
});
