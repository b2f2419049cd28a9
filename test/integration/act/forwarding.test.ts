import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startNode, until, type Node } from "../../support/node.ts";
import { chatBody, postText, rawConnect, rawRequest } from "../../support/raw.ts";
import {
  chatResponse,
  chatEvents,
  hang,
  nowhere,
  json,
  resetBeforeHead,
  sse,
  startUpstream,
  stepped,
  truncated,
} from "../../support/upstream.ts";
import type { ScriptedUpstream } from "../../support/upstream.ts";

const chat = "/v1/chat/completions";

let upstream: ScriptedUpstream;
let node: Node;
beforeAll(async () => {
  upstream = await startUpstream(hang);
  node = await startNode({
    upstreams: {
      openai: { url: upstream.url, headTimeoutMs: 1000, idleTimeoutMs: 1000, breaker: { minimumCalls: 100_000 } },
    },
    default: { serve: "forward" },
  });
});
beforeEach(() => upstream.script(json(chatResponse("hello"))));
afterAll(async () => {
  await node.stop();
  await upstream.stop();
});

/** Sends one raw request and gives back what the upstream received of it. */
async function received(text: string) {
  const number = upstream.received.length;
  const response = await rawRequest(node.port, text.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"));
  return { response, ...(await upstream.request(number)) };
}

function namesOf(rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 0);
}

describe("a forwarded request", () => {
  test("keeps the body byte for byte, even where it is spelt oddly", async () => {
    const body = `{ "model" :"gpt-4o","temperature":1.0, "messages":[{"role":"user","content":"\\u00e9 ☃"}] }\n`;
    const seen = await received(postText(chat, body));
    expect(seen.body().toString()).toBe(body);
    expect(seen.headers["content-length"]).toBe(String(Buffer.byteLength(body)));
    expect(seen.headers["transfer-encoding"]).toBeUndefined();
  });

  test("keeps the spelling and the order of its headers", async () => {
    const seen = await received(
      postText(chat, chatBody(), ["X-Zebra: 1", "aCCept: */*", "X-Apple: two", "X-Zebra: 3"]),
    );
    expect(namesOf(seen.rawHeaders).filter((name) => /zebra|apple|accept$/i.test(name))).toEqual([
      "X-Zebra",
      "aCCept",
      "X-Apple",
      "X-Zebra",
    ]);
  });

  test("loses the headers that belong to its connection, also those that Connection names", async () => {
    const hop = [
      "te: gzip",
      "keep-alive: timeout=5",
      "proxy-authorization: Basic eA==",
      "x-private: 1",
      "x-kept: 2",
      "upgrade: h2c",
    ];
    const text = postText(chat, chatBody(), [...hop, "connection: x-private"]);
    const number = upstream.received.length;
    await rawRequest(node.port, text, { enough: (got) => got.includes("hello") });
    const { headers } = await upstream.request(number);
    expect(headers).toMatchObject({ "x-kept": "2", host: `127.0.0.1:${upstream.port}` });
    for (const name of ["te", "keep-alive", "proxy-authorization", "x-private", "upgrade"])
      expect(headers).not.toHaveProperty(name);
  });

  test("carries the caller's request id and credentials", async () => {
    const { headers, response } = await received(
      postText(chat, chatBody(), ["x-request-id: abc-1", "authorization: Bearer sk-mine", "x-api-key: mine"]),
    );
    expect(headers).toMatchObject({ "x-request-id": "abc-1", authorization: "Bearer sk-mine", "x-api-key": "mine" });
    expect(response.status).toBe(200);
  });

  test("keeps its path, query and method, whatever they are", async () => {
    const seen = await received("DELETE /v1/files/file-1?purge=a%2Fb&x=%C3%A9 HTTP/1.1\r\nhost: h\r\n\r\n");
    expect([seen.method, seen.target]).toEqual(["DELETE", "/v1/files/file-1?purge=a%2Fb&x=%C3%A9"]);
  });

  test("is sent once, whatever becomes of it", async () => {
    const before = upstream.received.length;
    for (const script of [json({}, { status: 503 }), json({}, { status: 429 }), resetBeforeHead]) {
      upstream.script(script);
      await rawRequest(node.port, "GET /v1/files HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n");
      await rawRequest(node.port, postText(chat, chatBody(), ["connection: close"]));
    }
    expect(upstream.received.length - before).toBe(6);
  });

  test("that wants HTTP/2 by upgrade is answered by HTTP/1.1 as if it had not asked", async () => {
    const upgrade = ["connection: Upgrade, HTTP2-Settings", "upgrade: h2c", "http2-settings: AAMAAABkAAQCAAAAAAIAAAAA"];
    const response = await rawRequest(node.port, postText(chat, chatBody(), upgrade), {
      enough: (got) => got.includes("hello"),
      withinMs: 3000,
    });
    expect(response.status).toBe(200);
  });
});

describe("credentials", () => {
  test("of the caller are replaced by the upstream's own key where one is configured", async () => {
    const other = await startNode(
      { upstreams: { openai: { url: upstream.url, apiKeyEnv: "REAL_KEY" } }, default: { serve: "forward" } },
      { env: { REAL_KEY: "sk-real" } },
    );
    const number = upstream.received.length;
    const mine = ["authorization: Bearer mine", "x-api-key: mine", "api-key: mine", "connection: close"];
    await rawRequest(other.port, postText(chat, chatBody(), mine));
    const { headers, rawHeaders } = await upstream.request(number);
    expect(headers["authorization"]).toBe("Bearer sk-real");
    expect(rawHeaders.join("\n")).not.toContain("mine");
    await other.stop();
  });

  test("that the sidecar itself checks go no further", async () => {
    const other = await startNode(
      {
        upstreams: { openai: { url: upstream.url } },
        default: { serve: "forward" },
        auth: { keys: [{ name: "team", env: "TEAM_KEY" }] },
      },
      { env: { TEAM_KEY: "team-secret" } },
    );
    const number = upstream.received.length;
    const response = await rawRequest(
      other.port,
      postText(chat, chatBody(), ["authorization: Bearer team-secret", "connection: close"]),
    );
    expect(response.status).toBe(200);
    expect((await upstream.request(number)).rawHeaders.join("\n")).not.toContain("team-secret");
    await other.stop();
  });

  test("and overrides in the control header stay here", async () => {
    const { headers } = await received(postText(chat, chatBody(), ['x-stuntdouble: forward, token="secret"']));
    expect(headers).not.toHaveProperty("x-stuntdouble");
  });
});

describe("a forwarded response", () => {
  test("keeps status, headers and body, and says where it comes from", async () => {
    const body = '{"odd" : 1.0}\n';
    upstream.script((response) => {
      response.writeHead(418, "Teapot", [
        "Content-Type",
        "application/json",
        "Set-Cookie",
        "a=1",
        "Set-Cookie",
        "b=2",
        "X-Request-Id",
        "req_up",
      ]);
      response.end(body);
    });
    const { response } = await received(postText(chat, chatBody()));
    expect(response.status).toBe(418);
    expect(response.text).toContain("Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Request-Id: req_up\r\n");
    expect(response.headers).toMatchObject({ "x-stuntdouble-decision": "forward", "x-stuntdouble-rule": "default" });
    expect(response.body).toBe(body);
  });

  test("keeps its compression", async () => {
    const packed = Buffer.from([0x1f, 0x8b, 0, 1, 2, 3, 0xff]);
    upstream.script((response) => {
      response.writeHead(200, {
        "content-type": "application/json",
        "content-encoding": "gzip",
        "content-length": packed.length,
      });
      response.end(packed);
    });
    const { response, headers } = await received(postText(chat, chatBody(), ["accept-encoding: gzip"]));
    expect(headers["accept-encoding"]).toBe("gzip");
    expect(Buffer.from(response.body, "latin1").equals(packed)).toBe(true);
  });

  test("streams: each event arrives before the next one is sent", async () => {
    const stream = stepped();
    upstream.script(stream.script);
    const connection = await rawConnect(node.port);
    connection.socket.write(postText(chat, chatBody({ stream: true })));
    for (const word of ["one", "two", "three"]) {
      await stream.send(`data: ${word}\n\n`);
      await until(`event ${word}`, () => (connection.text().includes(`data: ${word}\n\n`) ? true : undefined));
    }
    await stream.end();
    const response = await connection.response({ enough: (text) => text.endsWith("0\r\n\r\n") });
    expect(response.body).toBe("data: one\n\ndata: two\n\ndata: three\n\n");
  });

  test("of many megabytes reaches a slow reader whole", async () => {
    const big = Buffer.alloc(24 * 1024 * 1024, "0123456789abcdef");
    upstream.script((response) => {
      response.writeHead(200, { "content-type": "application/octet-stream" });
      response.end(big);
    });
    const request = httpRequest(`${node.url}/v1/files/f/content`, { agent: false });
    request.end();
    const [response] = (await once(request, "response")) as [AsyncIterable<Buffer>];
    const chunks: Buffer[] = [];
    for await (const chunk of response) {
      chunks.push(chunk);
      if (chunks.length % 100 === 0) await new Promise((resolve) => void setTimeout(resolve, 5));
    }
    expect(Buffer.concat(chunks).equals(big)).toBe(true);
  });
});

describe("an upstream that fails", () => {
  const errorOf = (body: string) => (JSON.parse(body) as { error: Record<string, unknown> }).error;

  test.each([
    ["RST", "reset", sse(chatEvents(["one", "two"]).slice(0, 3), { ending: "reset", gapMs: 10 })],
    ["FIN", "fin", sse(chatEvents(["one", "two"]).slice(0, 3), { ending: "cut", gapMs: 10 })],
    ["silence", "reset", sse(chatEvents(["one", "two"]).slice(0, 3), { ending: "hang" })],
  ])("in the middle of a stream by %s is never passed on as a clean end", async (_how, closed, script) => {
    upstream.script(script);
    const response = await rawRequest(node.port, postText(chat, chatBody({ stream: true })));
    expect(response.body).toContain("two");
    expect(response.text).not.toContain("\r\n0\r\n\r\n");
    expect(response.closed).toBe(closed);
  });

  test("before the length it promised is never passed on as a clean end", async () => {
    upstream.script(truncated('{"choices":[', 500));
    const response = await rawRequest(node.port, postText(chat, chatBody()));
    expect(response.headers["content-length"]).toBe("500");
    expect(response.closed).toBe("fin");
  });

  test("in the middle, for an HTTP/1.0 client to which the end of the connection is the end of the response", async () => {
    upstream.script(sse(chatEvents(["one"]).slice(0, 2), { ending: "reset", gapMs: 10 }));
    const response = await rawRequest(
      node.port,
      postText(chat, chatBody({ stream: true })).replace("HTTP/1.1", "HTTP/1.0"),
    );
    expect(response.closed).toBe("reset");
  });

  test("before its head gives 502", async () => {
    upstream.script(resetBeforeHead);
    const { response } = await received(postText(chat, chatBody()));
    expect(response.status).toBe(502);
    expect(errorOf(response.body)).toMatchObject({ type: "server_error", code: "UPSTREAM_RESET", param: null });
  });

  test("to response in time gives 504", async () => {
    upstream.script(hang);
    const { response, ended } = await received(postText(chat, chatBody()));
    expect(response.status).toBe(504);
    expect(errorOf(response.body)).toMatchObject({ code: "UPSTREAM_TIMEOUT" });
    expect(await ended).toBe("gone");
  });

  test("to be there at all gives 502", async () => {
    const other = await startNode({ upstreams: { openai: { url: nowhere } }, default: { serve: "forward" } });
    const response = await rawRequest(other.port, postText(chat, chatBody(), ["connection: close"]));
    expect(response.status).toBe(502);
    expect(errorOf(response.body)).toMatchObject({ type: "server_error", code: "UPSTREAM_CONNECT", param: null });
    await other.stop();
  });
});

describe("a path that cannot be simulated", () => {
  test("is forwarded with its body as it arrives", async () => {
    upstream.script(json({ id: "file-1" }));
    const number = upstream.received.length;
    const connection = await rawConnect(node.port);
    connection.socket.write(
      "POST /v1/files HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\ncontent-type: multipart/form-data; boundary=x\r\n\r\n",
    );
    connection.socket.write("first");
    const { body, headers } = await upstream.request(number);
    await until("the first half", () => (body().toString() === "first" ? true : undefined));
    connection.socket.write("later");
    const response = await connection.response({ enough: (text) => text.includes("file-1") });
    expect(response.status).toBe(200);
    expect(body().toString()).toBe("firstlater");
    expect(headers).toMatchObject({ "content-length": "10", "content-type": "multipart/form-data; boundary=x" });
    expect(headers).not.toHaveProperty("transfer-encoding");
  });

  test("is forwarded below the upstream's base path", async () => {
    const other = await startNode({
      upstreams: { openai: { url: `${upstream.url}/base/` } },
      default: { serve: "forward" },
    });
    const number = upstream.received.length;
    await rawRequest(other.port, "GET /v1/threads?limit=1 HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n");
    expect((await upstream.request(number)).target).toBe("/base/v1/threads?limit=1");
    await other.stop();
  });

  test("passes HEAD and 304 through without a body", async () => {
    upstream.script((response, { method }) => {
      response.writeHead(method === "HEAD" ? 200 : 304, {
        etag: '"1"',
        ...(method === "HEAD" && { "content-length": "1234" }),
      });
      response.end();
    });
    const head = await received("HEAD /v1/files/f/content HTTP/1.1\r\nhost: h\r\n\r\n");
    expect(head.response).toMatchObject({ status: 200, body: "", closed: "fin" });
    expect(head.response.headers["content-length"]).toBe("1234");
    const unchanged = await received('GET /v1/files/f/content HTTP/1.1\r\nhost: h\r\nif-none-match: "1"\r\n\r\n');
    expect(unchanged.response).toMatchObject({ status: 304, body: "", closed: "fin" });
  });
});

describe("a client that leaves", () => {
  test.each([
    ["before the head", hang, ""],
    ["in the middle of a stream", sse(chatEvents(["one"]), { ending: "hang" }), "one"],
  ])("%s takes the upstream's call with it", async (_when, script, awaited) => {
    upstream.script(script);
    const number = upstream.received.length;
    const connection = await rawConnect(node.port);
    connection.socket.write(postText(chat, chatBody({ stream: true })));
    const { ended } = await upstream.request(number);
    await until("the stream", () => (connection.text().includes(awaited) ? true : undefined));
    connection.socket.destroy();
    expect(await ended).toBe("gone");
    await node.idle();
  });

  test("in the middle of an upload takes the upstream's call with it, and the breaker takes no notice", async () => {
    const strict = { errorPercentage: 1, minimumCalls: 1, whenOpen: "fail" };
    const other = await startNode({
      upstreams: { openai: { url: upstream.url, breaker: strict } },
      default: { serve: "forward" },
    });
    const number = upstream.received.length;
    const connection = await rawConnect(other.port);
    connection.socket.write("POST /v1/files HTTP/1.1\r\nhost: h\r\ncontent-length: 100000\r\n\r\nsome");
    const { arrived, body } = await upstream.request(number);
    await until("the first bytes", () => (body().length > 0 ? true : undefined));
    connection.socket.destroy();
    expect(await arrived).toBe("broken");
    await other.idle();
    expect((await other.outcomes())[0]).toMatchObject({ ending: "client-gone", cause: "CLIENT_GONE" });
    expect(await other.admin("/admin/v1/status")).toMatchObject({ breakers: { openai: "closed" } });
    await other.stop();
  });
});
