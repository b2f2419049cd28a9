import { once } from "node:events";
import { createServer, type AddressInfo, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { h2Response, h2Connect, h2Open } from "../../support/h2.ts";
import { startNode, until, type Node } from "../../support/node.ts";
import { chatBody, postText, rawConnect, rawRequest } from "../../support/raw.ts";

const chat = "/v1/chat/completions";
const coffee = "caf\u00c3\u00a9";

let upstream: Server;
let node: Node;
let asked = "";
/** What the upstream sends to a request, byte for byte. */
let answer = "";
beforeAll(async () => {
  upstream = createServer((socket) => {
    socket.setEncoding("latin1");
    socket.on("error", () => undefined);
    socket.on("data", (text: string) => {
      asked += text;
      if (asked.includes("\r\n\r\n")) socket.end(answer, "latin1");
    });
  }).listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  node = await startNode({ upstreams: { openai: { url } }, default: { serve: "forward" } });
});
afterAll(async () => {
  await node.stop();
  upstream.close();
});

/** Sends what is given, as one byte for each character, while the upstream gives that response. */
async function exchange(request: string, response: string) {
  asked = "";
  answer = response;
  return await rawRequest(
    node.port,
    Buffer.from(request.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"), "latin1"),
  );
}

describe("the bytes of a header are those that were sent", () => {
  const bodies: readonly (readonly [string, string])[] = [
    ["whole", `content-length: 2\r\n\r\nok`],
    ["streamed", "transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"],
    ["of UTF-8", `content-type: application/json\r\ncontent-length: 4\r\n\r\n"\u00c3\u00a9"`],
  ];
  test.each(bodies)("over HTTP/1.1, both ways, with a body that is %s", async (_how, rest) => {
    const seen = await exchange(
      postText(chat, chatBody(), [`x-drink: ${coffee}`]),
      `HTTP/1.1 200 OK\r\nx-drink: ${coffee}\r\n${rest}`,
    );
    expect(asked).toContain(`x-drink: ${coffee}\r\n`);
    expect(seen.headers["x-drink"]).toBe(coffee);
  });

  test("in the response to a WebSocket's handshake", async () => {
    const upgrade = "connection: Upgrade\r\nupgrade: websocket\r\n";
    asked = "";
    answer = `HTTP/1.1 101 Switching Protocols\r\n${upgrade}x-drink: ${coffee}\r\n\r\n`;
    const handshake = `GET /v1/realtime HTTP/1.1\r\nhost: x\r\nx-drink: ${coffee}\r\n${upgrade}\r\n`;
    const seen = await rawRequest(node.port, Buffer.from(handshake, "latin1"));
    expect(asked).toContain(`x-drink: ${coffee}\r\n`);
    expect(seen.headers["x-drink"]).toBe(coffee);
  });

  test("from HTTP/2 to HTTP/1.1 and back", async () => {
    asked = "";
    answer = `HTTP/1.1 200 OK\r\nx-drink: ${coffee}\r\ncontent-length: 2\r\n\r\nok`;
    const session = await h2Connect(node.url);
    const { headers } = await h2Response(h2Open(session, { ":path": chat, "x-drink": coffee }, chatBody()));
    session.destroy();
    expect(asked).toContain(`x-drink: ${coffee}\r\n`);
    expect(headers["x-drink"]).toBe(coffee);
  });
});

describe("an informational response", () => {
  const early = "HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\nx-hint: 1\r\n\r\n";
  const last = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

  test("comes before the response over HTTP/1.1", async () => {
    const { text } = await exchange(postText(chat, chatBody()), early + last);
    expect(text.startsWith(early)).toBe(true);
    expect(text.slice(early.length)).toMatch(/^HTTP\/1\.1 200 OK\r\n.*ok$/s);
  });

  test("is not sent to a client of HTTP/1.0", async () => {
    const { status } = await exchange(postText(chat, chatBody()).replace("HTTP/1.1", "HTTP/1.0"), early + last);
    expect(status).toBe(200);
  });

  test("comes before the response over HTTP/2", async () => {
    asked = "";
    answer = early + last;
    const session = await h2Connect(node.url);
    const stream = h2Open(session, { ":path": chat }, chatBody());
    const hints: unknown[] = [];
    stream.on("headers", (headers) => hints.push(headers[":status"], headers["x-hint"]));
    const { status, body } = await h2Response(stream);
    session.destroy();
    expect(hints).toEqual([103, "1"]);
    expect([status, body]).toEqual([200, "ok"]);
  });
});

describe("a head", () => {
  test("of a response passes up to maxHeadBytes, and is an error of its own above", async () => {
    const withHeader = (bytes: number): string =>
      `HTTP/1.1 200 OK\r\nx-long: ${"y".repeat(bytes)}\r\ncontent-length: 2\r\n\r\nok`;
    expect(await exchange(postText(chat, chatBody()), withHeader(50_000))).toMatchObject({ status: 200, body: "ok" });
    const refused = await exchange(postText(chat, chatBody()), withHeader(70_000));
    expect(refused.status).toBe(502);
    expect(refused.body).toContain("a response head of more than 61440 bytes");
    expect((await node.outcomes())[0]).toMatchObject({ cause: "UPSTREAM_HEAD_TOO_LARGE" });
  });

  test("of a request passes up to listen.maxHeadBytes", async () => {
    const last = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    const long = (bytes: number): string => postText(chat, chatBody(), [`x-long: ${"y".repeat(bytes)}`]);
    expect((await exchange(long(50_000), last)).status).toBe(200);
    expect((await exchange(long(70_000), last)).status).toBe(431);
  });
});

describe("a client that ends its side after its request", () => {
  test.each([
    ["respond", true],
    ["close", false],
  ])("with halfClose: %s", async (halfClose, isServed) => {
    const half = await startNode({ listen: { halfClose }, control: { enabled: true } });
    try {
      const client = await rawConnect(half.port);
      client.socket.end(postText(chat, chatBody({ stream: true }), ["x-stuntdouble: ttft=300, itl=1, tokens=20"]));
      const { text } = await client.response();
      expect(text.includes("[DONE]")).toBe(isServed);
      const [outcome] = await half.outcomes(1);
      expect(outcome?.ending).toBe(isServed ? "finish" : "client-gone");
    } finally {
      await half.stop();
    }
  });

  test("is noticed to have gone when it is sent something", async () => {
    const half = await startNode({ listen: { halfClose: "respond" }, control: { enabled: true } });
    try {
      const client = await rawConnect(half.port);
      client.socket.write(postText(chat, chatBody({ stream: true }), ["x-stuntdouble: ttft=1, itl=20, tokens=500"]));
      await until("the first token", () => (client.text().includes("data:") ? true : undefined));
      client.socket.destroy();
      expect((await half.outcomes(1))[0]?.ending).toBe("client-gone");
    } finally {
      await half.stop();
    }
  });
});
