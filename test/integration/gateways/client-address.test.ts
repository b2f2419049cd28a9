import { readFileSync, mkdtempSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { Agent } from "undici";
import { afterEach, beforeAll, afterAll, describe, expect, test } from "vitest";
import { h2Ask, h2Connect } from "../../support/h2.ts";
import { startNode, type Node } from "../../support/node.ts";
import { findProgram } from "../../support/programs/index.ts";
import { freePort, startGateway, type Gateway } from "../../support/programs/gateway.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { rawRequest } from "../../support/raw.ts";
import { chatResponse, json, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

const tlsFolder = path.join(import.meta.dirname, "../../support/tls");
const tls = {
  certFile: path.join(tlsFolder, "localhost.cert.pem"),
  keyFile: path.join(tlsFolder, "localhost.key.pem"),
};
const get = (headers = "") => `GET /v1/models HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${headers}\r\n`;

let node: Node | undefined;
afterEach(async () => {
  await node?.stop();
  node = undefined;
});

const client = async (): Promise<string | undefined> => (await node?.outcomes())?.[0]?.client;

describe("with trusted proxies", () => {
  test("the client is whom the proxy names, and its rule is that of its address", async () => {
    node = await startNode({ listen: { trustedProxies: ["127.0.0.0/8"] } });
    await rawRequest(node.port, get("x-forwarded-for: 203.0.113.7\r\n"));
    expect(await client()).toBe("203.0.113.7");
    expect(node.logLines().some((line) => line.includes('"client":"203.0.113.7"'))).toBe(true);
  });

  test("without them the header says nothing", async () => {
    node = await startNode();
    await rawRequest(node.port, get("x-forwarded-for: 203.0.113.7\r\n"));
    expect(await client()).toBe("127.0.0.1");
  });
});

describe("what the upstream is told", () => {
  let upstream: ScriptedUpstream;
  beforeAll(async () => void (upstream = await startUpstream(json(chatResponse("Hi")))));
  afterAll(() => upstream.stop());

  test.each([
    [true, "203.0.113.7, 127.0.0.1"],
    [false, "203.0.113.7"],
  ])("with appendForwardedFor %s X-Forwarded-For is %s", async (appendForwardedFor, expected) => {
    const upstreams = { openai: { url: upstream.url } };
    node = await startNode({ listen: { appendForwardedFor }, upstreams, default: { serve: "forward" } });
    await rawRequest(node.port, get("x-forwarded-for: 203.0.113.7\r\n"));
    expect(upstream.received.at(-1)?.headers["x-forwarded-for"]).toBe(expected);
  });
});

const header = "PROXY TCP4 203.0.113.7 10.0.0.1 51234 8080\r\n";

describe("a port that speaks the PROXY protocol", () => {
  test("takes the client's address from the header, also where it comes byte by byte", async () => {
    node = await startNode({ listen: { proxyProtocol: true } });
    const socket = connect({ port: node.port, host: "127.0.0.1", noDelay: true });
    const ended = new Promise((resolve) => void socket.on("close", resolve).resume());
    for (const byte of header + get()) {
      socket.write(byte);
      await new Promise((resolve) => void setImmediate(resolve));
    }
    await ended;
    expect(await client()).toBe("203.0.113.7");
  });

  test.each([
    ["no header", get()],
    ["a bad one", `PROXY TCP4 nobody 10.0.0.1 1 2\r\n${get()}`],
    ["HTTP/2 without one", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ])("closes a connection that begins with %s, without a response", async (_what, text) => {
    node = await startNode({ listen: { proxyProtocol: true } });
    const received = await new Promise<string>((resolve, reject) => {
      let got = "";
      const socket = connect({ port: node?.port ?? 0, host: "127.0.0.1" }, () => socket.write(text));
      socket.on("data", (data) => void (got += String(data)));
      socket.on("error", reject).on("close", () => resolve(got));
    });
    expect(received).toBe("");
  });
});

describeWith("HAProxy", findProgram("haproxy", "STUNTDOUBLE_HAPROXY"), "behind HAProxy", (haproxy) => {
  let gateway: Gateway | undefined;
  afterEach(async () => {
    await gateway?.stop();
    gateway = undefined;
  });

  /** HAProxy as a plain TCP proxy, as a network load balancer is; clients connect from 127.0.0.2 where they choose to. */
  async function start(send: string, listen: object = {}): Promise<number> {
    node = await startNode({ listen: { proxyProtocol: true, ...listen } });
    const port = await freePort();
    const file = path.join(mkdtempSync(path.join(tmpdir(), "stuntdouble-")), "haproxy.cfg");
    writeFileSync(
      file,
      `defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 10s\n  timeout server 10s\n` +
        `listen all\n  bind 127.0.0.1:${port}\n  server node 127.0.0.1:${node.port} ${send} check inter 200ms\n`,
    );
    gateway = await startGateway([haproxy, "-db", "-f", file], { port, cwd: tmpdir(), env: {} });
    return port;
  }

  const from = { localAddress: "127.0.0.2" };

  test.each(["send-proxy", "send-proxy-v2", "send-proxy-v2-ssl"])(
    "with %s the client's address is known",
    async (send) => {
      const port = await start(send);
      await new Promise<void>((resolve, reject) => {
        const socket = connect({ port, host: "127.0.0.1", ...from }, () => socket.write(get()));
        socket
          .on("error", reject)
          .resume()
          .on("close", () => resolve());
      });
      expect(await client()).toBe("127.0.0.2");
    },
  );

  test("with send-proxy-v2 it is known over HTTP/2 as well", async () => {
    const port = await start("send-proxy-v2");
    const options = { settings: {}, ...from };
    const session = await h2Connect(`http://127.0.0.1:${port}`, options);
    await h2Ask(session, { ":path": "/v1/models" });
    session.close();
    expect(await client()).toBe("127.0.0.2");
  });

  test("with send-proxy it is known over TLS as well", async () => {
    const port = await start("send-proxy", { tls });
    const ca = readFileSync(tls.certFile, "utf8");
    const agent = new Agent({ connect: { ca }, ...from });
    const response = await agent.request({ origin: `https://localhost:${port}`, path: "/v1/models", method: "GET" });
    await response.body.dump();
    await agent.close();
    expect(await client()).toBe("127.0.0.2");
  });

  test("a connection by-passing it is closed", async () => {
    await start("send-proxy");
    await expect(rawRequest(node?.port ?? 0, get())).resolves.toMatchObject({ status: 0 });
  });
});
