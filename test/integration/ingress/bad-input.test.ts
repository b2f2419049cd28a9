import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { apiError } from "../../support/errors.ts";
import { openSockets, startNode, until, type Node } from "../../support/node.ts";
import { chatBody, postText, rawConnect, rawRequest, type RawResponse } from "../../support/raw.ts";

const chat = "/v1/chat/completions";
const closing = ["connection: close"];
const maxBodyBytes = 1024 * 1024;

let node: Node;
beforeAll(async () => {
  node = await startNode({
    models: ["gpt-4o", "text-embedding-3-small"],
    control: { enabled: true },
    listen: { maxBodyBytes },
    // A body of the max size is longer than any context.
    simulator: { fidelity: "lenient" },
  });
});
afterAll(() => node.stop());

const post = (body: string, target = chat): Promise<RawResponse> =>
  rawRequest(node.port, postText(target, body, closing));

describe("a body that is not understood", () => {
  test.each([
    ["empty", ""],
    ["no JSON", "hello"],
    ["JSON that breaks off", '{"model":"gpt-4o","messages":[{'],
    ["a trailing comma", '{"model":"gpt-4o","messages":[],}'],
    ["two values", `${chatBody()}${chatBody()}`],
    ["an array", "[1]"],
    ["a text", '"hi"'],
    ["null", "null"],
    ["NUL bytes", "\0\0\0\0"],
    ["bad JSON above 16 KB", `{"model":"gpt-4o","messages":[{"role":"user","content":"${"x".repeat(20_000)}"}`],
  ])("gets 400: %s", async (_what, body) => {
    const response = await post(body);
    expect(response.status).toBe(400);
    expect(response.headers).toMatchObject({ "content-type": "application/json" });
    expect(apiError(response.body)).toMatchObject({ type: "invalid_request_error", param: null });
  });

  test.each([
    [{ model: undefined }, "model"],
    [{ model: 5 }, "model"],
    [{ messages: undefined }, "messages"],
    [{ messages: "hi" }, "messages"],
    [{ messages: [] }, "messages"],
    [{ messages: [{ content: "hi" }] }, "messages[0].role"],
    [{ messages: [{ role: "king", content: "hi" }] }, "messages[0].role"],
    [{ messages: [{ role: "user" }] }, "messages[0].content"],
    [{ temperature: "hot" }, "temperature"],
    [{ temperature: 3 }, "temperature"],
    [{ max_tokens: -1 }, "max_tokens"],
    [{ max_tokens: 1.5 }, "max_tokens"],
    [{ stream: "yes" }, "stream"],
    [{ n: 0 }, "n"],
  ])("gets 400 that names the field: %j", async (more, param) => {
    const response = await post(chatBody(more));
    expect(response.status).toBe(400);
    expect(apiError(response.body)).toMatchObject({ type: "invalid_request_error", param });
  });

  test.each([
    ["/v1/completions", { model: "gpt-4o" }, "prompt"],
    ["/v1/completions", { model: "gpt-4o", prompt: {} }, "prompt"],
    ["/v1/embeddings", { model: "text-embedding-3-small" }, "input"],
    ["/v1/embeddings", { model: "text-embedding-3-small", input: [] }, "input"],
    ["/v1/embeddings", { model: "text-embedding-3-small", input: "a", dimensions: 0 }, "dimensions"],
  ])("gets 400 on %s: %j", async (target, body, param) => {
    const response = await post(JSON.stringify(body), target);
    expect(response.status).toBe(400);
    expect(apiError(response.body)).toMatchObject({ param });
  });

  test("asks for a model that the configuration does not list: 404", async () => {
    const response = await post(chatBody({ model: "gpt-99" }));
    expect(response.status).toBe(404);
    expect(apiError(response.body)).toMatchObject({
      code: "model_not_found",
      message: expect.stringContaining("gpt-99") as string,
    });
  });

  test.each([
    ["arrays", (depth: number) => `{"model":"gpt-4o","messages":${"[".repeat(depth)}${"]".repeat(depth)}}`],
    ["objects", (depth: number) => `{"model":"gpt-4o","messages":${'{"a":'.repeat(depth)}1${"}".repeat(depth)}}`],
    ["open arrays", (depth: number) => "[".repeat(depth)],
  ])("nests 100,000 levels of %s: 400", async (_what, body) => {
    const response = await post(body(100_000));
    expect(response.status).toBe(400);
    apiError(response.body);
  });

  test("has a control header that is no such thing: 400 that says so", async () => {
    for (const control of ["fault=cut;after=soon", "fault=nonsense", "ttft=-1", "simulate=(", "nonsense"]) {
      const response = await rawRequest(
        node.port,
        postText(chat, chatBody(), [...closing, `x-stuntdouble: ${control}`]),
      );
      expect(response.status).toBe(400);
      expect(apiError(response.body).message).toMatch(/[Cc]ontrol header|Fault/);
    }
  });
});

describe("a body that is too large", () => {
  test("gets 413 by its announced length, before it is sent", async () => {
    const response = await rawRequest(
      node.port,
      `POST ${chat} HTTP/1.1\r\nhost: h\r\ncontent-length: 1073741824\r\n\r\n`,
      {
        enough: (text) => text.includes("}}"),
      },
    );
    expect(response.status).toBe(413);
    expect(apiError(response.body).message).toContain(String(maxBodyBytes));
    expect(response.headers["connection"]).toBe("close");
  });

  test("gets 413 instead of 100 when it waits for leave to be sent", async () => {
    const expecting = `POST ${chat} HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: `;
    const refused = await rawRequest(node.port, `${expecting}1073741824\r\n\r\n`, {
      enough: (text) => text.includes("}}"),
    });
    expect(refused.status).toBe(413);
    const connection = await rawConnect(node.port);
    const body = chatBody();
    connection.socket.write(`${expecting}${body.length}\r\nconnection: close\r\n\r\n`);
    await until("100 Continue", () => (connection.text() === "HTTP/1.1 100 Continue\r\n\r\n" ? true : undefined));
    connection.socket.write(body);
    expect((await connection.response()).text).toContain("HTTP/1.1 200 OK");
  });

  test("of exactly the allowed size is read, and one byte more is not", async () => {
    const sized = (bytes: number) => chatBody({ user: "x".repeat(bytes - chatBody({ user: "" }).length) });
    expect(sized(maxBodyBytes)).toHaveLength(maxBodyBytes);
    expect((await post(sized(maxBodyBytes))).status).toBe(200);
    expect((await post(sized(maxBodyBytes + 1))).status).toBe(413);
  });

  test("that is chunked and never ends gets 413, is not kept, and is cut off in the end", async () => {
    const connection = await rawConnect(node.port);
    const chunk = `10000\r\n${"x".repeat(0x1_0000)}\r\n`;
    connection.socket.write(`POST ${chat} HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n`);
    const before = process.memoryUsage();
    let sentBytes = 0;
    while (!connection.socket.destroyed && connection.socket.writable && connection.ended() === "open") {
      connection.socket.write(chunk);
      sentBytes += chunk.length;
      await sleep(sentBytes < 4 * maxBodyBytes ? 1 : 50);
      expect(sentBytes).toBeLessThan(200 * maxBodyBytes);
    }
    const after = process.memoryUsage();
    const response = await connection.response();
    expect(response.status).toBe(413);
    apiError(response.body);
    expect(after.external - before.external).toBeLessThan(16 * 1024 * 1024);
  });
});

describe("a request that is not clear", () => {
  const get = "GET /v1/models HTTP/1.1\r\n";
  test.each([
    ["two Host headers", `${get}host: a\r\nhost: b\r\n\r\n`, 400],
    ["no Host header", `${get}\r\n`, 400],
    ["two lengths", `POST ${chat} HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}`, 400],
    [
      "length and chunks",
      `POST ${chat} HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    [
      "an unknown coding before chunked",
      `POST ${chat} HTTP/1.1\r\nhost: h\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
      501,
    ],
    ["chunked twice", `POST ${chat} HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n`, 400],
    ["a coding that is not chunked", `POST ${chat} HTTP/1.1\r\nhost: h\r\ntransfer-encoding: gzip\r\n\r\n`, 501],
    ["chunks in HTTP/1.0", `POST ${chat} HTTP/1.0\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
    ["a chunk size that is none", `POST ${chat} HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n`, 400],
    ["an absolute target of another host", "GET http://internal.example/v1/models HTTP/1.1\r\nhost: h\r\n\r\n", 400],
    ["an absolute target with another scheme", "GET ftp://h/v1/models HTTP/1.1\r\nhost: h\r\n\r\n", 400],
    ["a target that is no path", "OPTIONS * HTTP/1.1\r\nhost: h\r\n\r\n", 400],
    ["an unknown method", "BREW /v1/models HTTP/1.1\r\nhost: h\r\n\r\n", 400],
    ["an expectation nobody can meet", `${get}host: h\r\nexpect: a-miracle\r\n\r\n`, 417],
    ["a header without a colon", `${get}host: h\r\nnonsense\r\n\r\n`, 400],
    ["a space before a colon", `${get}host: h\r\nx-a : b\r\n\r\n`, 400],
    ["a NUL in a header", `${get}host: h\r\nx-a: b\0c\r\n\r\n`, 400],
    ["HTTP/2 without its preface", "GET / HTTP/2.0\r\nhost: h\r\n\r\n", 505],
    ["TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400],
    ["garbage", "\xff\xfe\xfd garbage\r\n\r\n", 400],
  ])("gets an error and is closed: %s", async (_what, text, status) => {
    const response = await rawRequest(node.port, Buffer.from(text, "latin1"));
    expect(response.status).toBe(status);
    expect(response.closed).toBe("fin");
    apiError(response.body);
  });

  test.each([
    ["many headers", Array.from({ length: 6000 }, (_, index) => `x-${index}: 12345678`).join("\r\n")],
    ["one long header", `x-long: ${"y".repeat(100_000)}`],
  ])("gets 431: %s", async (_what, flood) => {
    const response = await rawRequest(node.port, `${get}host: h\r\n${flood}\r\n\r\n`);
    expect(response.status).toBe(431);
    apiError(response.body);
  });

  test("is read when its absolute target names the very host", async () => {
    const response = await rawRequest(
      node.port,
      "GET http://h:80/v1/models?x=1 HTTP/1.1\r\nhost: H:80\r\nconnection: close\r\n\r\n",
    );
    expect(response.status).toBe(200);
  });

  test("in HTTP/1.0 is answered without chunks and closed", async () => {
    const response = await rawRequest(
      node.port,
      postText(chat, chatBody({ stream: true })).replace("HTTP/1.1", "HTTP/1.0"),
    );
    expect(response.status).toBe(200);
    expect(response.headers).not.toHaveProperty("transfer-encoding");
    expect(response.body.endsWith("data: [DONE]\n\n")).toBe(true);
    expect(response.closed).toBe("fin");
  });

  test.each([
    ["PUT", chat, "POST, GET, HEAD"],
    ["DELETE", "/v1/embeddings", "POST"],
    ["POST", "/v1/models", "GET, HEAD"],
    ["HEAD", "/v1/embeddings", "POST"],
  ])("gets 405 and is told what is allowed: %s %s", async (method, target, allowed) => {
    const response = await rawRequest(
      node.port,
      `${method} ${target} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n`,
    );
    expect(response.status).toBe(405);
    expect(response.headers["allow"]).toBe(allowed);
    if (method === "HEAD") expect(response.body).toBe("");
    else expect(apiError(response.body).message).toContain(method);
  });

  test.each(["/v1/chats", "/v1/chat/completions/", "/v1/files?x=1", "/healthz", "//v1/models"])(
    "gets 404: %s",
    async (target) => {
      const response = await rawRequest(node.port, `GET ${target} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n`);
      expect(response.status).toBe(404);
      expect(apiError(response.body)).toMatchObject({ type: "invalid_request_error", code: "unknown_url" });
    },
  );

  test("that is no HTTP does not hold its connection, even where the client never closes", async () => {
    const before = openSockets();
    const { socket, ended } = await rawConnect(node.port);
    socket.write("garbage\r\n\r\n");
    await until("the response", () => (ended() === "fin" ? true : undefined));
    await until("the sidecar's side to close", () => (openSockets() <= before + 1 ? true : undefined));
    socket.destroy();
  });

  test("breaks off a stream under way without a word put into it", async () => {
    const connection = await rawConnect(node.port);
    connection.socket.write(postText(chat, chatBody({ stream: true }), ["x-stuntdouble: itl=20, tokens=500"]));
    await until("some tokens", () => (connection.text().split("data:").length > 5 ? true : undefined));
    connection.socket.write("\0 this is no request \r\n\r\n");
    const response = await connection.response();
    expect(response.text.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(response.closed).not.toBe("open");
    await node.idle();
  });
});
