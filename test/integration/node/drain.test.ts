import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { afterEach, expect, test } from "vitest";
import { h2Response, h2Connect, h2Open } from "../../support/h2.ts";
import { openSockets, startNode, until, type Node } from "../../support/node.ts";
import { chatBody, postText, rawConnect, rawRequest } from "../../support/raw.ts";
import { startUpstream, stepped } from "../../support/upstream.ts";

const chat = "/v1/chat/completions";
const asked = (control: string): string => postText(chat, chatBody({ stream: true }), [`x-stuntdouble: ${control}`]);

let node: Node;
afterEach(() => node.stop());

const start = async (drainMs = 10_000, more: object = {}): Promise<Node> =>
  (node = await startNode({ control: { enabled: true }, listen: { drainMs }, ...more }));

/** Starts the stop, and waits until it has begun. */
async function beginStop(): Promise<{ stopped: Promise<boolean> }> {
  const stopped = node.stop();
  await until("an unready node", async () =>
    (await fetch(`${node.adminUrl}/readyz`)).status === 503 ? true : undefined,
  );
  return { stopped };
}

test("a stopping node is alive but not ready, takes no connection, and lets open streams end", async () => {
  await start();
  expect((await fetch(`${node.adminUrl}/readyz`)).status).toBe(200);
  const connection = await rawConnect(node.port);
  connection.socket.write(asked("ttft=1, itl=10, tokens=40"));
  await until("the stream", () => (connection.text().includes("data:") ? true : undefined));
  const { stopped } = await beginStop();
  expect((await fetch(`${node.adminUrl}/healthz`)).status).toBe(200);
  expect(await node.metric("stuntdouble_ready")).toBe(0);
  expect(await node.admin("/admin/v1/status")).toMatchObject({ draining: true });
  await until("a closed port", () =>
    rawConnect(node.port).then(
      ({ socket }) => void socket.destroy(),
      (error: unknown) => String(error).includes("ECONNREFUSED") || undefined,
    ),
  );
  const response = await connection.response();
  expect(response.body.endsWith("data: [DONE]\n\n")).toBe(true);
  expect(response.text.endsWith("\r\n0\r\n\r\n")).toBe(true);
  expect(response.closed).toBe("fin");
  expect(await stopped).toBe(true);
  await expect(fetch(`${node.adminUrl}/healthz`)).rejects.toThrow("fetch failed");
});

test("idle connections are closed", async () => {
  await start();
  const idle = await rawConnect(node.port);
  idle.socket.write("GET /v1/models HTTP/1.1\r\nhost: h\r\n\r\n");
  await until("a response", () => (idle.text().includes("text-embedding") ? true : undefined));
  expect(idle.ended()).toBe("open");
  expect(await node.stop()).toBe(true);
  expect((await idle.response()).closed).not.toBe("open");
});

test("streams that go on beyond the limit are broken off, never ended politely", async () => {
  await start(200);
  const connection = await rawConnect(node.port);
  connection.socket.write(asked("ttft=1, itl=10, tokens=3000"));
  await until("the stream", () => (connection.text().includes("data:") ? true : undefined));
  expect(await node.stop()).toBe(false);
  const response = await connection.response();
  expect(response.closed).not.toBe("open");
  expect(response.text).not.toContain("\r\n0\r\n\r\n");
  expect(node.logLines().some((line) => line.includes("drain limit"))).toBe(true);
});

test.each([1, 2])(
  "calls that are cut off at the limit are recorded as that, not as clients that left (workers: %i)",
  async (workers) => {
    await start(200, { workers });
    const [streaming, waiting, left] = await Promise.all([1, 2, 3].map(() => rawConnect(node.port)));
    streaming!.socket.write(asked("ttft=1, itl=10, tokens=3000"));
    const inOnePiece = asked("ttft=30000").replace('"stream":true', '"stream":null');
    waiting!.socket.write(inOnePiece);
    left!.socket.write(inOnePiece);
    await until("three calls", async () => ((await node.metric("stuntdouble_inflight")) === 3 ? true : undefined));
    await until("the stream", () => (streaming!.text().includes("data:") ? true : undefined));
    const { stopped } = await beginStop();
    left!.socket.destroy();
    expect(await stopped).toBe(false);
    const ends = node
      .logLines()
      .map((line) => JSON.parse(line) as { ending?: string; cause?: string; status?: number })
      .filter(({ ending }) => ending !== undefined)
      .map(({ ending, cause, status }) => `${status} ${ending} ${cause}`);
    expect(ends.sort()).toEqual(["0 cut NODE_STOPPED", "200 cut NODE_STOPPED", "499 client-gone CLIENT_GONE"]);
    for (const { socket } of [streaming!, waiting!]) socket.destroy();
  },
);

test("a response that is still on its way to a slow reader is not cut short", async () => {
  await start();
  const body = JSON.stringify({ model: "m", input: Array.from({ length: 400 }, () => "text"), dimensions: 2000 });
  const asking = httpRequest(`${node.url}/v1/embeddings`, { method: "POST", agent: false });
  asking.end(body);
  const [response] = (await once(asking, "response")) as [IncomingMessage];
  const { stopped } = await beginStop();
  let text = "";
  for await (const chunk of response.setEncoding("latin1") as AsyncIterable<string>) {
    text += chunk;
    await new Promise((resolve) => void setTimeout(resolve, 1));
  }
  expect(text.length).toBeGreaterThan(8_000_000);
  expect((JSON.parse(text) as { data: unknown[] }).data).toHaveLength(400);
  expect(await stopped).toBe(true);
});

test("an upstream's stream ends, and callers in the queue are served", async () => {
  const steps = stepped();
  const upstream = await startUpstream(steps.script);
  await start(10_000, {
    permits: { max: 1, queue: 5, queueTimeoutMs: 10_000 },
    upstreams: { openai: { url: upstream.url } },
  });
  const first = await rawConnect(node.port);
  first.socket.write(asked("forward"));
  await steps.send("data: one\n\n");
  await until("the stream", () => (first.text().includes("one") ? true : undefined));
  const queued = rawRequest(node.port, asked("tokens=1"));
  await until("the queue", async () => ((await node.metric("stuntdouble_queue_depth")) === 1 ? true : undefined));
  const { stopped } = await beginStop();
  await steps.send("data: two\n\n");
  await steps.end();
  expect((await first.response()).body).toBe("data: one\n\ndata: two\n\n");
  expect((await queued).body).toContain("[DONE]");
  expect(await stopped).toBe(true);
  await upstream.stop();
});

test("HTTP/2 connections take no new stream and close when the last one has ended", async () => {
  await start();
  const session = await h2Connect(node.url);
  const stream = h2Open(
    session,
    { ":path": chat, "x-stuntdouble": "ttft=1, itl=10, tokens=40" },
    chatBody({ stream: true }),
  );
  const ending = h2Response(stream);
  await once(stream, "response");
  const goaway = once(session, "goaway");
  const closed = once(session, "close");
  const stopped = node.stop();
  expect((await goaway)[0]).toBe(0);
  const { body, code } = await ending;
  expect([body.endsWith("data: [DONE]\n\n"), code]).toEqual([true, 0]);
  await closed;
  expect(await stopped).toBe(true);
});

test("a node that has stopped holds nothing", async () => {
  const before = openSockets();
  await start(200);
  const connections = await Promise.all(Array.from({ length: 5 }, () => rawConnect(node.port)));
  connections[0]!.socket.write(asked("ttft=1, itl=10, tokens=3000"));
  connections[1]!.socket.write(asked("fault=hang"));
  connections[2]!.socket.write("POST /v1/chat");
  connections[3]!.socket.write(`POST ${chat} HTTP/1.1\r\nhost: h\r\ncontent-length: 100\r\n\r\n{`);
  await until("two calls", async () => ((await node.metric("stuntdouble_inflight")) === 2 ? true : undefined));
  await node.stop();
  await until("all connections to close", () =>
    connections.every(({ ended }) => ended() !== "open") ? true : undefined,
  );
  for (const { socket } of connections) socket.destroy();
  await until("no socket", () => (openSockets() <= before ? true : undefined));
});
