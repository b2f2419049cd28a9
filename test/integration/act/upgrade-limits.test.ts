import type { Duplex } from "node:stream";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { apiError } from "../../support/errors.ts";
import { startNode, until, type Node } from "../../support/node.ts";
import { rawConnect, rawRequest } from "../../support/raw.ts";
import { json, nowhere, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

const handshake = [
  "GET /v1/realtime HTTP/1.1",
  "host: localhost",
  "connection: Upgrade",
  "upgrade: websocket",
  "sec-websocket-version: 13",
  "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
  "\r\n",
].join("\r\n");
const accepted = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n";
const failing = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

let upstream: ScriptedUpstream;
let node: Node;
let respond: (socket: Duplex) => void;
let reached = 0;
beforeAll(async () => {
  upstream = await startUpstream(json({}), {
    onUpgrade(_request, socket) {
      reached += 1;
      socket.on("error", () => undefined);
      respond(socket);
    },
  });
});
afterEach(() => node.stop());
afterAll(() => upstream.stop());

const start = async (more: object): Promise<void> => {
  reached = 0;
  const openai = { url: upstream.url, ...more };
  node = await startNode({ upstreams: { openai }, default: { serve: "forward" } }, { workers: 1 });
};

describe("the budget of memory counts what waits on a WebSocket", () => {
  const waits = (wanted: (bytes: number) => boolean) =>
    until("the memory", async () => (wanted(await node.metric("stuntdouble_planned_bytes")) ? true : undefined));

  test("for a client that does not read, until it leaves", async () => {
    respond = (socket) => {
      socket.write(accepted);
      const flood = (): void => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65_536))) continue;
      };
      socket.on("drain", flood);
      flood();
    };
    await start({});
    const { socket, text } = await rawConnect(node.port);
    socket.write(handshake);
    await until("the upgrade", () => (text().includes("101") ? true : undefined));
    socket.pause();
    await waits((bytes) => bytes > 0);
    socket.resetAndDestroy();
    await waits((bytes) => bytes === 0);
  });

  test("for an upstream that does not read, until it reads on", async () => {
    let peer: Duplex | undefined;
    respond = (socket) => {
      socket.write(accepted);
      socket.pause();
      peer = socket;
    };
    await start({});
    const { socket, text } = await rawConnect(node.port);
    socket.write(handshake);
    await until("the upgrade", () => (text().includes("101") ? true : undefined));
    socket.write(Buffer.alloc(32 * 1024 * 1024));
    await waits((bytes) => bytes > 0);
    peer?.resume();
    await waits((bytes) => bytes === 0);
    socket.resetAndDestroy();
  });
});

describe("the circuit breaker of an upstream", () => {
  const breaker = { consecutiveFailures: 2, resetMs: 60_000, whenOpen: "fail" };
  const state = 'stuntdouble_breaker_state{upstream="openai"}';
  const isOpen = () => until("the breaker", async () => ((await node.metric(state)) === 1 ? true : undefined));

  test.each([
    ["that it refuses with 503", {}, 503],
    ["that cannot reach it", { url: nowhere }, 502],
  ])("opens after WebSockets %s, and the next one is refused with 503", async (_name, more, status) => {
    respond = (socket) => socket.end(failing);
    await start({ breaker, ...more });
    for (let count = 0; count < 2; count += 1) {
      expect((await rawRequest(node.port, handshake)).status).toBe(status);
    }
    await isOpen();
    const before = reached;
    const refused = await rawRequest(node.port, handshake);
    expect(refused.status).toBe(503);
    expect(apiError(refused.body)).toMatchObject({ code: "BREAKER_OPEN" });
    expect(reached).toBe(before);
  });

  test("counts one that breaks after its upgrade", async () => {
    respond = (socket) => {
      socket.write(accepted);
      setTimeout(() => void ("resetAndDestroy" in socket && (socket.resetAndDestroy as () => void)()), 50);
    };
    await start({ breaker: { ...breaker, errorPercentage: 50, minimumCalls: 2 } });
    for (let count = 0; count < 2; count += 1) await rawRequest(node.port, handshake);
    expect(await isOpen()).toBe(true);
  });

  test("does not count one whose client leaves before the upgrade", async () => {
    respond = () => undefined;
    await start({ breaker });
    for (let count = 0; count < 3; count += 1) {
      const { socket } = await rawConnect(node.port);
      socket.write(handshake);
      await until("the upstream", () => (reached > count ? true : undefined));
      socket.resetAndDestroy();
    }
    await node.idle();
    expect(await node.metric(state)).toBe(0);
  });
});

describe("the budget of an upstream", () => {
  const accepting = (socket: Duplex): void => void socket.end(accepted);

  test("counts a WebSocket as one call, and refuses one more with 429", async () => {
    respond = accepting;
    await start({ budget: { callsPerHour: 1, whenSpent: "simulate" } });
    expect((await rawRequest(node.port, handshake)).status).toBe(101);
    const refused = await rawRequest(node.port, handshake);
    expect(refused.status).toBe(429);
    expect(apiError(refused.body)).toMatchObject({ code: "insufficient_quota" });
    expect(reached).toBe(1);
  });

  test("of tokens opens none, since they cannot be counted", async () => {
    respond = accepting;
    await start({ budget: { tokensPerDay: 1000 } });
    expect((await rawRequest(node.port, handshake)).status).toBe(429);
    expect(reached).toBe(0);
  });
});
