import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startNode, type Node } from "../../support/node.ts";
import { startProxy, type ForwardProxy } from "../../support/programs/forward-proxy.ts";
import { chatBody, postText, rawRequest, type RawResponse } from "../../support/raw.ts";

const folder = "test/support/tls";
const tls = { caFile: "localhost.cert.pem" };
const secret = "s3cret-of-proxy";

let server: Server;
let url = "";
let proxy: ForwardProxy;
let node: Node | undefined;

/** The name that each handshake asked for, and whether the client showed a certificate that we know. */
const handshakes: { readonly name: unknown; readonly isKnown: boolean }[] = [];

beforeAll(async () => {
  const [cert, key] = await Promise.all(
    ["localhost.cert.pem", "localhost.key.pem"].map((file) => readFile(`${folder}/${file}`, "utf8")),
  );
  server = createServer({ cert, key, ca: cert, requestCert: true, rejectUnauthorized: false }, (_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end('{"ok":true}');
  });
  server.on("secureConnection", (socket: TLSSocket) =>
    handshakes.push({ name: Reflect.get(socket, "servername"), isKnown: socket.authorized }),
  );
  server.on("upgrade", (request, socket) => {
    const accept = createHash("sha1")
      .update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\nx-path: ${request.url}\r\n\r\n`,
    );
    socket.on("end", () => socket.end()).on("error", () => undefined);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  url = `https://localhost:${(server.address() as AddressInfo).port}`;
});
beforeEach(async () => {
  handshakes.length = 0;
  proxy = await startProxy();
});
afterEach(async () => {
  await node?.stop();
  node = undefined;
  await proxy.stop();
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function startWith(upstream: object, env: Readonly<Record<string, string>> = {}): Promise<Node> {
  node = await startNode(
    { upstreams: { openai: { url, ...upstream } }, default: { serve: "forward" } },
    { folder, env },
  );
  return node;
}

async function ask(to: Node): Promise<RawResponse> {
  return await rawRequest(to.port, postText("/v1/chat/completions", chatBody(), ["connection: close"]));
}

async function upgrade(to: Node): Promise<RawResponse> {
  const headers =
    "upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==";
  return await rawRequest(to.port, `GET /v1/realtime HTTP/1.1\r\nhost: h\r\n${headers}\r\n\r\n`, {
    enough: (text) => text.includes("\r\n\r\n"),
  });
}

describe("TLS to an upstream", () => {
  test("trusts the certificate authorities of caFile", async () => {
    expect((await ask(await startWith({ tls }))).status).toBe(200);
    expect(handshakes).toEqual([{ name: "localhost", isKnown: false }]);
  });

  test("trusts no certificate that they did not sign", async () => {
    const response = await ask(await startWith({ tls: { caFile: "renewed.cert.pem" } }));
    expect(response.status).toBe(502);
    expect(response.body).toContain("could not be reached (");
  });

  test("shows our certificate where the upstream asks for one", async () => {
    const mutual = { ...tls, certFile: "localhost.cert.pem", keyFile: "localhost.key.pem" };
    expect((await ask(await startWith({ tls: mutual }))).status).toBe(200);
    expect(handshakes).toEqual([{ name: "localhost", isKnown: true }]);
  });

  test("asks for the name of serverName, and checks it", async () => {
    const there = url.replace("localhost", "127.0.0.1");
    expect((await ask(await startWith({ url: there, tls: { ...tls, serverName: "localhost" } }))).status).toBe(200);
    expect(handshakes.at(-1)?.name).toBe("localhost");
    await node?.stop();
    expect((await ask(await startWith({ tls: { ...tls, serverName: "other.example" } }))).status).toBe(502);
  });

  test("is the same for WebSockets", async () => {
    const mutual = { ...tls, certFile: "localhost.cert.pem", keyFile: "localhost.key.pem" };
    expect((await upgrade(await startWith({ tls: mutual }))).status).toBe(101);
    expect(handshakes).toEqual([{ name: "localhost", isKnown: true }]);
  });
});

describe("an https upstream behind a proxy", () => {
  const proxyUrl = (): string => `http://us%65r:${secret}@127.0.0.1:${proxy.port}`;
  const target = (): string => new URL(url).host;

  test("is reached by a tunnel, with the credentials of proxyUrl", async () => {
    const at = await startWith({ tls, proxyUrl: proxyUrl() });
    for (let count = 0; count < 3; count += 1) expect((await ask(at)).status).toBe(200);
    expect(proxy.asked).toEqual([`CONNECT ${target()}`]);
    expect(proxy.authorizations).toEqual([`Basic ${Buffer.from(`user:${secret}`).toString("base64")}`]);
  });

  test.each(["HTTPS_PROXY", "https_proxy"])("is reached by the proxy of %s", async (name) => {
    const at = await startWith({ tls }, { [name]: `127.0.0.1:${proxy.port}`, HTTP_PROXY: "http://127.0.0.1:1" });
    expect((await ask(at)).status).toBe(200);
    expect(proxy.asked).toEqual([`CONNECT ${target()}`]);
  });

  test("is reached directly where NO_PROXY names it", async () => {
    const at = await startWith({ tls }, { HTTPS_PROXY: proxyUrl(), NO_PROXY: "example.com, localhost" });
    expect((await ask(at)).status).toBe(200);
    expect(proxy.asked).toEqual([]);
  });

  test("is not reached where the proxy refuses, and the error says so", async () => {
    proxy.refuse(407);
    const response = await ask(await startWith({ tls, proxyUrl: proxyUrl() }));
    expect(response.status).toBe(502);
    expect(response.body).toContain("(proxy: status 407)");
  });

  test("is not reached where there is no proxy", async () => {
    const response = await ask(await startWith({ tls, proxyUrl: "http://127.0.0.1:1" }));
    expect(response.body).toContain("(proxy: ECONNREFUSED)");
  });

  test("is reached by it for WebSockets as well", async () => {
    expect((await upgrade(await startWith({ tls, proxyUrl: proxyUrl() }))).status).toBe(101);
    expect(proxy.asked).toEqual([`CONNECT ${target()}`]);
  });

  test("has credentials of its proxy that are shown nowhere", async () => {
    proxy.refuse(407);
    const at = await startWith({ tls, proxyUrl: proxyUrl() });
    const response = await ask(at);
    const shown = [response.text, JSON.stringify(await at.admin("/admin/v1/config")), ...at.logLines()].join("\n");
    expect(shown).toContain("[redacted]@127.0.0.1");
    expect(shown).not.toContain(secret);
  });
});
