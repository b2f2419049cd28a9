import { request as httpsRequest } from "node:https";
import { constants, type ClientHttp2Session } from "node:http2";
import path from "node:path";
import { connect as tlsConnect } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { apiError } from "../../support/errors.ts";
import { h2Response, h2Ask, h2Connect, h2Open } from "../../support/h2.ts";
import { openSockets, startNode, until, type Node } from "../../support/node.ts";
import { chatBody, postText, rawConnect, rawRequest } from "../../support/raw.ts";
import {
  chatResponse,
  chatEvents,
  hang,
  json,
  sse,
  startUpstream,
  stepped,
  type ScriptedUpstream,
} from "../../support/upstream.ts";

const chat = { ":path": "/v1/chat/completions" };
const streamed = chatBody({ stream: true });
const tokensIn = (text: string): number => text.split('"content":"').length - 2;

describe("one port", () => {
  let upstream: ScriptedUpstream;
  let node: Node;
  let session: ClientHttp2Session;
  beforeAll(async () => {
    upstream = await startUpstream(hang);
    node = await startNode({
      upstreams: { openai: { url: upstream.url } },
      control: { enabled: true },
      listen: { maxBodyBytes: 100_000, maxStreamsPerConnection: 50 },
    });
    session = await h2Connect(node.url);
  });
  afterAll(async () => {
    session.destroy();
    await node.stop();
    await upstream.stop();
  });

  test("speaks HTTP/2 by prior knowledge and HTTP/1.1 at the same time", async () => {
    const [second, first] = await Promise.all([
      h2Ask(session, chat, streamed),
      rawRequest(node.port, postText(chat[":path"], streamed, ["connection: close"])),
    ]);
    expect(second).toMatchObject({ status: 200, code: 0 });
    expect(second.headers["content-type"]).toMatch(/^text\/event-stream/);
    expect(second.body.endsWith("data: [DONE]\n\n")).toBe(true);
    expect(first.status).toBe(200);
  });

  test("speaks HTTP/2 also when the preface arrives in pieces", async () => {
    const { socket, text } = await rawConnect(node.port);
    for (const piece of ["P", "RI ", "* HTTP/2.0\r\n\r\nSM\r\n\r\n", "\0\0\0\x04\0\0\0\0\0"]) {
      socket.write(Buffer.from(piece, "latin1"));
      await new Promise((resolve) => void setTimeout(resolve, 10));
    }
    await until("the server's settings frame", () => (text().charCodeAt(3) === 4 ? true : undefined));
    socket.destroy();
  });

  test("speaks HTTP/1.1 also when the method arrives in pieces that begin like the preface", async () => {
    const connection = await rawConnect(node.port);
    connection.socket.write("P");
    await new Promise((resolve) => void setTimeout(resolve, 20));
    connection.socket.write(
      postText("/v1/embeddings", JSON.stringify({ model: "m", input: "x", dimensions: 8 }), [
        "connection: close",
      ]).slice(1),
    );
    expect((await connection.response()).status).toBe(200);
  });

  test("carries many streams at once on one HTTP/2 connection, none behind another", async () => {
    const slow = h2Open(session, { ...chat, "x-stuntdouble": "ttft=1, itl=20, tokens=2000" }, streamed);
    const ending = h2Response(slow);
    const quick = await Promise.all(
      Array.from({ length: 40 }, () => h2Ask(session, { ...chat, "x-stuntdouble": "tokens=5" }, streamed)),
    );
    for (const response of quick)
      expect([response.status, tokensIn(response.body), response.code]).toEqual([200, 5, 0]);
    expect(slow.closed).toBe(false);
    slow.close(constants.NGHTTP2_CANCEL);
    await ending;
    await node.idle();
  });

  test("tells the client how many streams it may open", async () => {
    await until("the settings", () => (session.remoteSettings.maxConcurrentStreams === 50 ? true : undefined));
  });

  test.each([
    ["cut", constants.NGHTTP2_INTERNAL_ERROR],
    ["reset", constants.NGHTTP2_CANCEL],
  ])("ends only the one stream by RST_STREAM for %s, after the last token before it", async (kind, code) => {
    for (const itl of [0, 3]) {
      const response = await h2Ask(
        session,
        { ...chat, "x-stuntdouble": `itl=${itl}, fault=${kind};after=12` },
        streamed,
      );
      expect([response.status, tokensIn(response.body), response.code]).toEqual([200, 12, code]);
    }
    const before = await h2Ask(session, { ...chat, "x-stuntdouble": `fault=${kind}` }, streamed);
    expect(before).toMatchObject({ status: 0, code });
    expect((await h2Ask(session, { ":path": "/v1/models" })).status).toBe(200);
  });

  test.each([
    ["code=REFUSED_STREAM", constants.NGHTTP2_REFUSED_STREAM],
    ["code=ENHANCE_YOUR_CALM;after=3", constants.NGHTTP2_ENHANCE_YOUR_CALM],
  ])("resets a stream with the code of the fault: %s", async (options, code) => {
    const asked = { ...chat, "x-stuntdouble": `fault=reset;${options}` };
    expect((await h2Ask(session, asked, streamed)).code).toBe(code);
    expect((await h2Ask(session, { ":path": "/v1/models" })).status).toBe(200);
  });

  test.each([
    ["NO_ERROR", constants.NGHTTP2_NO_ERROR],
    ["ENHANCE_YOUR_CALM", constants.NGHTTP2_ENHANCE_YOUR_CALM],
  ])("ends a connection by GOAWAY with the code of the fault: %s", async (name, code) => {
    const own = await h2Connect(node.url);
    const goaway = new Promise<number>((resolve) => void own.once("goaway", resolve));
    const closed = new Promise<void>((resolve) => void own.once("close", resolve));
    const asked = { ...chat, "x-stuntdouble": `fault=reset;code=${name};goaway;after=2` };
    expect((await h2Ask(own, asked, streamed)).status).toBe(200);
    expect(await goaway).toBe(code);
    await closed;
  });

  test("lets the other streams of such a connection come to their end", async () => {
    const own = await h2Connect(node.url);
    const other = h2Response(h2Open(own, { ...chat, "x-stuntdouble": "itl=30, tokens=20" }, streamed));
    await h2Ask(own, { ...chat, "x-stuntdouble": "fault=reset;code=NO_ERROR;goaway" }, streamed);
    const { status, body, code } = await other;
    expect([status, tokensIn(body), code]).toEqual([200, 20, 0]);
  });

  test("forwards an HTTP/2 request as HTTP/1.1, its cookies joined", async () => {
    upstream.script(json(chatResponse("hello"), { headers: { connection: "keep-alive", "keep-alive": "timeout=5" } }));
    const number = upstream.received.length;
    const body = chatBody({ user: "☃" });
    const response = await h2Ask(
      session,
      { ...chat, cookie: ["a=1", "b=2"], te: "trailers", "x-stuntdouble": "forward" },
      body,
    );
    expect(response).toMatchObject({ status: 200, body: JSON.stringify(chatResponse("hello")), code: 0 });
    const { headers, body: received } = await upstream.request(number);
    expect(received().toString()).toBe(body);
    expect(headers).toMatchObject({ host: `127.0.0.1:${upstream.port}`, cookie: "a=1; b=2" });
    expect(headers).toMatchObject({ te: "trailers" });
  });

  test("forwards a stream event by event, and breaks it when the upstream breaks", async () => {
    const steps = stepped();
    upstream.script(steps.script);
    const stream = h2Open(session, { ...chat, "x-stuntdouble": "forward" }, streamed);
    let seen = "";
    stream.on("data", (chunk: string) => void (seen += chunk));
    const ending = h2Response(stream);
    for (const event of chatEvents(["one", "two"])) {
      await steps.send(event);
      await until("the event", () => (seen.endsWith(event) ? true : undefined));
    }
    await steps.end("reset");
    expect((await ending).code).not.toBe(0);
  });

  test("takes the upstream's call along when a stream is given up", async () => {
    upstream.script(sse(chatEvents(["one"]), { ending: "hang" }));
    const number = upstream.received.length;
    const stream = h2Open(session, { ...chat, "x-stuntdouble": "forward" }, streamed);
    const ending = h2Response(stream);
    const { ended } = await upstream.request(number);
    stream.close(constants.NGHTTP2_CANCEL);
    await ending;
    expect(await ended).toBe("gone");
    await node.idle();
  });

  test("refuses what it cannot read, on that stream only", async () => {
    const large = await h2Ask(session, chat, chatBody({ user: "x".repeat(200_000) }));
    expect(large.status).toBe(413);
    apiError(large.body);
    expect(apiError((await h2Ask(session, chat, "{")).body)).toMatchObject({ type: "invalid_request_error" });
    expect((await h2Ask(session, { ":path": "/v1/models" })).status).toBe(200);
  });

  test("does not end with a flood of headers", async () => {
    const other = await h2Connect(node.url);
    const flood = Object.fromEntries(Array.from({ length: 120 }, (_, index) => [`x-${index}`, "y".repeat(1000)]));
    const response = await h2Ask(other, { ":path": "/v1/models", ...flood });
    expect(response.status).not.toBe(200);
    other.destroy();
    expect((await h2Ask(session, { ":path": "/v1/models" })).status).toBe(200);
  });

  test.each(["FIN", "RST"])("holds nothing of a connection that is gone by %s with open streams", async (how) => {
    await node.idle();
    const before = openSockets();
    const other = await h2Connect(node.url);
    for (let count = 0; count < 10; count += 1) {
      const stream = h2Open(other, { ...chat, "x-stuntdouble": "ttft=1, itl=10, tokens=2000" }, streamed);
      stream.on("error", () => undefined);
      stream.resume();
    }
    await until("ten calls", async () => ((await node.metric("stuntdouble_inflight")) === 10 ? true : undefined));
    if (how === "FIN") other.socket.destroySoon();
    else other.destroy();
    await node.idle();
    await until("the connection to close", () => (openSockets() <= before ? true : undefined));
  });
});

describe("one port with a certificate", () => {
  let node: Node;
  const folder = path.join(import.meta.dirname, "../../support/tls");
  const untrusted = { rejectUnauthorized: false };
  beforeAll(async () => {
    const tls = { certFile: "localhost.cert.pem", keyFile: "localhost.key.pem" };
    node = await startNode({ control: { enabled: true }, listen: { tls } }, { folder });
  });
  afterAll(() => node.stop());

  /** A chat stream over TLS and HTTP/1.1. */
  const askHttp1 = async (control: string): Promise<{ status: number; body: string; failed: string | undefined }> => {
    const options = {
      method: "POST",
      agent: false,
      headers: { "x-stuntdouble": control, "content-type": "application/json" },
      ...untrusted,
    };
    return await new Promise((resolve) => {
      let status = 0;
      let body = "";
      const end = (failed: string | undefined) => resolve({ status, body, failed });
      const request = httpsRequest(`${node.url}${chat[":path"]}`, options, (response) => {
        status = response.statusCode ?? 0;
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => void (body += chunk));
        response.on("end", () => end(undefined));
        response.on("error", ({ message }) => end(message));
      });
      request.on("error", ({ message }) => end(message));
      request.end(streamed);
    });
  };

  test("speaks HTTP/2 to those who offer it", async () => {
    const session = await h2Connect(node.url, untrusted);
    expect(session.alpnProtocol).toBe("h2");
    const response = await h2Ask(session, { ...chat, "x-stuntdouble": "tokens=4" }, streamed);
    expect([response.status, tokensIn(response.body), response.code]).toEqual([200, 4, 0]);
    session.destroy();
  });

  test("speaks HTTP/1.1 to those who do not", async () => {
    const { status, body, failed } = await askHttp1("tokens=4");
    expect([status, tokensIn(body), failed]).toEqual([200, 4, undefined]);
  });

  test.each(["cut", "reset"])("breaks an HTTP/1.1 stream for %s, after the last token before it", async (kind) => {
    const { status, body, failed } = await askHttp1(`itl=3, fault=${kind};after=7`);
    expect([status, tokensIn(body)]).toEqual([200, 7]);
    expect(failed).toBeDefined();
    expect((await askHttp1("tokens=1")).status).toBe(200);
  });

  test("tells those who speak no TLS why they are refused", async () => {
    const response = await rawRequest(node.port, "GET /v1/models HTTP/1.1\r\nhost: h\r\n\r\n");
    expect(response.status).toBe(400);
    expect(apiError(response.body).message).toMatch(/TLS/);
  });

  test("goes on after handshakes that fail", async () => {
    for (const bytes of ["\x16\x03\x01\x00\x05hello", "\x16"]) {
      const { socket } = await rawConnect(node.port);
      socket.end(Buffer.from(bytes, "latin1"));
    }
    for (const bytes of ["\x16\x03\x01", "GET / HTTP/1.1\r\n\r\n"]) {
      for (let count = 0; count < 20; count += 1) {
        const { socket } = await rawConnect(node.port);
        socket.write(Buffer.from(bytes, "latin1"), () => socket.resetAndDestroy());
      }
    }
    await new Promise<void>((resolve) => {
      const wrong = tlsConnect({ port: node.port, host: "127.0.0.1", ...untrusted, maxVersion: "TLSv1.1" });
      wrong.on("error", () => resolve());
    });
    expect((await askHttp1("tokens=1")).status).toBe(200);
  });

  test("holds nothing of HTTP/1.1 clients that leave", async () => {
    await node.idle();
    const before = openSockets();
    for (let count = 0; count < 5; count += 1) {
      const request = httpsRequest(`${node.url}${chat[":path"]}`, {
        method: "POST",
        agent: false,
        headers: { "x-stuntdouble": "ttft=1, itl=10, tokens=2000" },
        ...untrusted,
      });
      request.on("error", () => undefined);
      request.end(streamed);
      await new Promise<void>((resolve) => {
        request.on("response", (response) => {
          response.on("error", () => undefined);
          response.once("data", () => {
            request.destroy();
            resolve();
          });
        });
      });
    }
    await node.idle();
    await until("the connections to close", () => (openSockets() <= before ? true : undefined));
  });
});
