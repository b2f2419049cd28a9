import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { ClientHttp2Session } from "node:http2";
import { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { whenAcknowledged } from "../../../src/act/acknowledged.ts";
import { h2Response, h2Connect, h2Open } from "../../support/h2.ts";
import { startNode, until, type Node } from "../../support/node.ts";
import { chatBody, postText, rawRequest } from "../../support/raw.ts";
import { startSlowClient } from "../../support/slow-client.ts";
import { hang, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

const chat = "/v1/chat/completions";
const count = 400;
const event = `data: {"choices":[{"index":0,"delta":{"content":"${"x".repeat(1500)}"}}]}\n\n`;
const ask = postText(chat, chatBody({ stream: true }));

/** Sends events and, when they have arrived, breaks off; unframed, their end is the end of the connection. */
const breakOff =
  (ending: "cut" | "reset", { events = count, framed = true } = {}) =>
  async (response: ServerResponse): Promise<void> => {
    response.useChunkedEncodingByDefault = framed;
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (let index = 0; index < events; index += 1) response.write(event);
    await new Promise((resolve) => response.write(":\n\n", resolve));
    if (ending === "cut") response.socket?.end();
    else await resetWhenThere(response.socket!);
  };

/** What has not arrived by then is lost on the way to the sidecar. */
async function resetWhenThere(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => whenAcknowledged(socket, resolve));
  socket.resetAndDestroy();
}

const eventsIn = (text: string): number => text.split(event).length - 1;

let upstream: ScriptedUpstream;
let node: Node;
let session: ClientHttp2Session | undefined;
let peer: Socket | undefined;
beforeAll(async () => {
  upstream = await startUpstream(hang, {
    onUpgrade(_request, socket) {
      if (socket instanceof Socket) peer = socket;
      socket.write("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n");
    },
  });
  node = await startNode({
    upstreams: { openai: { url: upstream.url } },
    control: { enabled: true },
    default: { serve: "forward" },
  });
});
afterEach(() => session?.destroy());
afterAll(async () => {
  await node.stop();
  await upstream.stop();
});

describe("all that an upstream sent before it broke off reaches a client that reads late", () => {
  test.each(["cut", "reset"] as const)(
    "where the upstream ended by %s, and the client sees the same",
    async (ending) => {
      upstream.script(breakOff(ending));
      const before = (await node.outcomes(0)).length;
      const client = await startSlowClient(node.port, ask);
      const [outcome] = await node.outcomes(before + 1);
      expect(outcome).toMatchObject({ ending, cause: "UPSTREAM_RESET" });
      const closed = await client.rest();
      expect(eventsIn(client.text().replaceAll(/\r\n[0-9a-f]+\r\n/g, ""))).toBe(count);
      expect(client.text().endsWith("0\r\n\r\n")).toBe(false);
      expect(closed).toBe(ending === "cut" ? "fin" : "reset");
    },
  );

  test.each(["cut", "reset"] as const)("over HTTP/2, where the upstream ended by %s", async (ending) => {
    upstream.script(breakOff(ending, { events: 5 }));
    session = await h2Connect(node.url, { settings: { initialWindowSize: 1000 } });
    const before = (await node.outcomes(0)).length;
    const stream = h2Open(session, { ":path": chat }, chatBody({ stream: true }));
    await once(stream, "response");
    await node.outcomes(before + 1);
    const { body, code } = await h2Response(stream);
    expect(eventsIn(body)).toBe(5);
    expect(code).not.toBe(0);
  });

  test("over a WebSocket", async () => {
    const handshake = ["GET /v1/realtime HTTP/1.1", "host: x", "connection: Upgrade", "upgrade: websocket"].join(
      "\r\n",
    );
    const client = await startSlowClient(node.port, `${handshake}\r\n\r\n`);
    const socket = await until("the upgrade", () => peer);
    for (let index = 0; index < count; index += 1) socket.write(event);
    await resetWhenThere(socket);
    await sleep(100);
    expect(await client.rest()).toBe("reset");
    expect(eventsIn(client.text())).toBe(count);
  });

  test("and no reset becomes the clean end of a response that ends with its connection", async () => {
    upstream.script(breakOff("reset", { framed: false }));
    const answer = await rawRequest(node.port, ask);
    expect(answer.closed).toBe("reset");
  });

  test("and no early end becomes the clean end of the response to an HTTP/1.0 client", async () => {
    upstream.script(breakOff("cut"));
    const answer = await rawRequest(node.port, ask.replace("HTTP/1.1", "HTTP/1.0"));
    expect(eventsIn(answer.body)).toBe(count);
    expect(answer.closed).toBe("reset");
  });
});

describe("all that was sent before an injected fault reaches a client that reads late", () => {
  test.each(["cut", "reset"] as const)("where it is %s", async (fault) => {
    const wish = [`x-stuntdouble: simulate, ttft=0, itl=0, tokens=6000, fault=${fault};after=5000`];
    const before = (await node.outcomes(0)).length;
    const client = await startSlowClient(node.port, postText(chat, chatBody({ stream: true }), wish));
    const [outcome] = await node.outcomes(before + 1);
    expect(outcome).toMatchObject({ ending: fault, actual: { tokens: 5000 } });
    expect(await client.rest()).toBe(fault === "cut" ? "fin" : "reset");
    expect(client.text().match(/"content":"[^"]/g)).toHaveLength(5000);
  });
});
