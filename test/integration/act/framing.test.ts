import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNode, until, type Node } from "../../support/node.ts";
import { chatBody, postText, rawRequest, type RawResponse } from "../../support/raw.ts";

const chat = "/v1/chat/completions";
const ok = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{"ok":true}';

/** What the upstream sends, one write each, for each request that comes. */
let pieces: readonly string[] = [];
const seen: string[] = [];
let connections = 0;
let upstream: Server;
let node: Node;

beforeAll(async () => {
  upstream = createServer((socket) => {
    connections += 1;
    socket.setNoDelay(true).on("error", () => undefined);
    socket.on("data", (chunk) => {
      seen.push(chunk.toString("latin1"));
      if (/^[A-Z]+ \S+ HTTP/.test(seen.at(-1) ?? "")) void send(socket);
    });
  });
  await new Promise<void>((resolve) => void upstream.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  node = await startNode(
    {
      upstreams: { openai: { url, apiKeyEnv: "KEY", headTimeoutMs: 2000 } },
      default: { serve: "forward" },
    },
    { env: { KEY: "sk-ours" } },
  );
});
afterAll(async () => {
  await node.stop();
  upstream.close();
});

async function send(socket: Socket): Promise<void> {
  for (const piece of pieces) {
    await new Promise<void>((resolve) => void socket.write(piece, "latin1", () => setImmediate(resolve)));
  }
}

async function ask(...response: readonly string[]): Promise<RawResponse> {
  pieces = response;
  return await rawRequest(node.port, postText(chat, chatBody(), ["connection: close"]));
}

describe("an interim response of an upstream", () => {
  test.each([
    ["100", ["HTTP/1.1 100 Continue\r\n\r\n", ok]],
    ["100 in one piece with the response", [`HTTP/1.1 100 Continue\r\n\r\n${ok}`]],
    ["100 twice, with a header", ["HTTP/1.1 100 Continue\r\nserver: a\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n", ok]],
    ["100 byte by byte", [...`HTTP/1.1 100 Continue\r\n\r\n${ok.slice(0, 20)}`.split(""), ok.slice(20)]],
  ])("is passed over: %s", async (_, response) => {
    expect(await ask(...response)).toMatchObject({ status: 200, body: '{"ok":true}' });
  });

  test.each([
    ["102", "HTTP/1.1 102 Processing\r\n\r\n"],
    ["103", "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"],
  ])("is passed on before the response: %s", async (_, interim) => {
    const { text } = await ask("HTTP/1.1 100 Continue\r\n\r\n", interim, ok);
    expect(text.slice(0, interim.length)).toBe(interim);
    expect(text.slice(interim.length)).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\{"ok":true\}$/s);
  });

  test("leaves the connection fit for another request", async () => {
    await ask("HTTP/1.1 100 Continue\r\n\r\n", ok);
    const before = connections;
    for (let count = 0; count < 3; count += 1) await ask("HTTP/1.1 100 Continue\r\n\r\n", ok);
    expect(connections).toBe(before);
  });

  test("is left alone where it only stands in a body", async () => {
    const text = "HTTP/1.1 100 Continue\r\n\r\n";
    const head = `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${text.length}\r\n\r\n`;
    expect((await ask(head, text)).body).toBe(text);
  });
});

describe("a response without a body", () => {
  test.each([204, 304])("has no length: %i", async (status) => {
    const response = await ask(`HTTP/1.1 ${status} X\r\ncontent-length: 0\r\nx-kept: 1\r\n\r\n`);
    expect(response.status).toBe(status);
    expect(response.headers).toMatchObject({ "x-kept": "1" });
    expect(response.headers["content-length"]).toBeUndefined();
  });

  test("to HEAD keeps the length that a body would have", async () => {
    pieces = ["HTTP/1.1 200 OK\r\ncontent-length: 4711\r\n\r\n"];
    const response = await rawRequest(node.port, "HEAD /v1/files HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n");
    expect(response.headers["content-length"]).toBe("4711");
  });
});

test.each(["gzip, chunked", "gzip"])(
  "a body in a transfer coding that cannot be passed on is a 502: %s",
  async (coding) => {
    const response = await ask(`HTTP/1.1 200 OK\r\ntransfer-encoding: ${coding}\r\n\r\n3\r\nabc\r\n0\r\n\r\n`);
    expect(response.status).toBe(502);
    expect(response.body).toContain("Transfer-Encoding");
    expect((await node.outcomes())[0]).toMatchObject({ cause: "UPSTREAM_INVALID", status: 502 });
  },
);

describe("what is not passed on", () => {
  const plain = (line: string, ...headers: readonly string[]) =>
    rawRequest(node.port, [`${line} HTTP/1.1`, "host: h", "connection: close", ...headers, "", ""].join("\r\n"));

  test("TRACE, whose response would show our key", async () => {
    seen.length = 0;
    const response = await plain("TRACE /v1/files");
    expect(response).toMatchObject({ status: 405, headers: { allow: expect.stringContaining("GET") } });
    expect(seen).toEqual([]);
  });

  test("a target with a fragment", async () => {
    seen.length = 0;
    for (const target of ["/v1/files#x", "/v1/chat/completions#/../files", "http://h/v1/files#x"])
      expect((await plain(`GET ${target}`)).status).toBe(400);
    expect(seen).toEqual([]);
  });

  test("CONNECT, which gets a response, and the connection closes", async () => {
    const response = await rawRequest(node.port, "CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\n\r\n");
    expect(response).toMatchObject({ status: 501, closed: "fin" });
    await until("no call in flight", async () =>
      (await node.metric("stuntdouble_inflight")) === 0 ? true : undefined,
    );
  });

  test("headers with _ that some servers read as ones that we set, while others go on", async () => {
    pieces = [ok];
    seen.length = 0;
    const names = [
      "authorization_x",
      "x_api_key",
      "X_Stuntdouble",
      "x_request_id",
      "transfer_encoding",
      "content_length",
      "my_header",
    ];
    await plain("GET /v1/files", ...names.map((name) => `${name}: theirs`));
    expect(seen[0]?.match(/^\w+: theirs$/gm)).toEqual(["authorization_x: theirs", "my_header: theirs"]);
    expect(seen[0]).toContain("authorization: Bearer sk-ours");
  });
});
