import type { Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSockets, startNode, until, type Node } from "../../support/node.ts";
import { chatBody, postText, rawConnect, rawRequest, type RawConnection } from "../../support/raw.ts";
import { chatEvents, hang, sse, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

const chat = "/v1/chat/completions";
const clients = 12;

const leaves: Readonly<Record<string, (socket: Socket) => void>> = {
  "by FIN": (socket) => socket.end(),
  "by RST": (socket) => socket.resetAndDestroy(),
  "by closing": (socket) => socket.destroy(),
};

let upstream: ScriptedUpstream;
let node: Node;
let socketsBefore = 0;
beforeAll(async () => {
  upstream = await startUpstream(hang);
  socketsBefore = openSockets();
  node = await startNode({
    upstreams: { openai: { url: upstream.url } },
    control: { enabled: true },
    permits: { max: 100, queue: 100, queueTimeoutMs: 8000 },
  });
});
afterAll(async () => {
  await node.stop();
  await upstream.stop();
});

const asked = (control: string): string => postText(chat, chatBody({ stream: true }), [`x-stuntdouble: ${control}`]);

/** Says whether it is time to leave. */
type Ready = (connection: RawConnection) => boolean | Promise<boolean>;

/** Opens so many connections, sends the same on each, waits for something on each, and leaves. */
async function abandon(text: string, leave: (socket: Socket) => void, ready: Ready): Promise<void> {
  const connections = await Promise.all(Array.from({ length: clients }, () => rawConnect(node.port)));
  for (const { socket } of connections) socket.write(text);
  for (const connection of connections) {
    await until("the moment to leave", async () => ((await ready(connection)) ? true : undefined));
  }
  for (const { socket } of connections) leave(socket);
  await until("the sidecar to close as well", () =>
    connections.every(({ socket }) => socket.closed || socket.readableEnded) ? true : undefined,
  );
  for (const { socket } of connections) socket.destroy();
}

/** Nothing is held any more: no permit, no place in the queue, no connection on either side. */
async function expectNothingHeld(): Promise<void> {
  await node.idle();
  await until("all connections to be closed", () => (openSockets() <= socketsBefore ? true : undefined));
  expect(await node.metric("stuntdouble_inflight")).toBe(0);
  expect(await node.metric("stuntdouble_permit_utilisation")).toBe(0);
}

const always = (): boolean => true;
const allInFlight = async (): Promise<boolean> => (await node.metric("stuntdouble_inflight")) === clients;

describe.each(Object.entries(leaves))("clients that leave %s", (_how, leave) => {
  test.each<readonly [string, string, Ready]>([
    ["without a word", "", always],
    ["in the middle of the head", `POST ${chat} HTTP/1.1\r\nhost: h\r\ncont`, always],
    ["in the middle of the body", `POST ${chat} HTTP/1.1\r\nhost: h\r\ncontent-length: 1000\r\n\r\n{"model"`, always],
    [
      "before the head of a simulated response",
      asked("ttft=30000, itl=1").replace('"stream":true', '"stream":null'),
      allInFlight,
    ],
    [
      "in the middle of a simulated stream",
      asked("ttft=1, itl=10, tokens=3000"),
      ({ text }) => text().includes("data:"),
    ],
    ["after the end", asked("tokens=2"), ({ text }) => text().includes("[DONE]")],
    ["while a fault keeps the response hanging", asked("fault=hang;after=2"), ({ text }) => text().includes("data:")],
    ["while a fault keeps even the head back", asked("fault=hang"), allInFlight],
    ["before the upstream answers", asked("forward"), allInFlight],
  ])("leave nothing behind: %s", async (_when, text, ready) => {
    await abandon(text, leave, ready);
    await expectNothingHeld();
  });

  test("leave nothing behind: in the middle of an upstream's stream, which ends with them", async () => {
    upstream.script(sse(chatEvents(["one"]), { ending: "hang" }));
    const before = upstream.received.length;
    await abandon(asked("forward"), leave, ({ text }) => text().includes("one"));
    const calls = upstream.received.slice(before);
    expect(calls).toHaveLength(clients);
    expect(new Set(await Promise.all(calls.map(({ ended }) => ended)))).toEqual(new Set(["gone"]));
    upstream.script(hang);
    await expectNothingHeld();
  });
});

test("clients that leave the queue give their places to those behind them", async () => {
  const small = await startNode({ control: { enabled: true }, permits: { max: 1, queue: 20, queueTimeoutMs: 8000 } });
  const first = await rawConnect(small.port);
  first.socket.write(asked("ttft=1, itl=10, tokens=3000"));
  await until("the only permit to be taken", () => (first.text().includes("data:") ? true : undefined));
  const leaving = await Promise.all(Array.from({ length: 20 }, () => rawConnect(small.port)));
  for (const { socket } of leaving) socket.write(asked("tokens=1"));
  await until("a full queue", async () => ((await small.metric("stuntdouble_queue_depth")) === 20 ? true : undefined));
  for (const [index, { socket }] of leaving.entries()) Object.values(leaves)[index % 3]!(socket);
  await until("an empty queue", async () => ((await small.metric("stuntdouble_queue_depth")) === 0 ? true : undefined));
  const patient = await rawConnect(small.port);
  patient.socket.write(asked("tokens=1"));
  await until("a queue of one", async () => ((await small.metric("stuntdouble_queue_depth")) === 1 ? true : undefined));
  first.socket.destroy();
  expect((await patient.response({ enough: (text) => text.includes("[DONE]") })).status).toBe(200);
  await small.idle();
  expect((await small.outcomes(22)).filter(({ cause }) => cause === "CLIENT_GONE")).toHaveLength(21);
  await small.stop();
});

test("clients that send several requests at once get the answers in order, and leave nothing behind when they go", async () => {
  const twice = await rawRequest(
    node.port,
    asked("tokens=3, itl=5") + asked("tokens=1").replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"),
  );
  expect(twice.text.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
  expect(twice.text.match(/\[DONE\]/g)).toHaveLength(2);
  const stream = asked("ttft=1, itl=10, tokens=3000");
  for (const second of [asked("fault=hang"), asked("forward"), asked("ttft=1, itl=10, tokens=3000")]) {
    const { socket, text } = await rawConnect(node.port);
    socket.write(stream + second);
    await until("the first response", () => (text().includes("data:") ? true : undefined));
    await until("the first call alone", async () =>
      (await node.metric("stuntdouble_inflight")) === 1 ? true : undefined,
    );
    socket.destroy();
    await node.idle();
  }
  await expectNothingHeld();
});

test("a fault in the second of two answers waits for the first", async () => {
  const both = await rawRequest(node.port, asked("ttft=1, itl=20, tokens=5") + asked("fault=reset"));
  expect(both.text.match(/HTTP\/1\.1 200/g)).toHaveLength(1);
  expect(both.text).toContain("[DONE]");
  expect(both.closed).toBe("reset");
  await expectNothingHeld();
});
