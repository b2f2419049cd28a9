import { once } from "node:events";
import { copyFile, mkdtemp } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { connect as tcpConnect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startBehindEnvoy } from "../../support/programs/behind-envoy.ts";
import { findEnvoy } from "../../support/programs/envoy.ts";
import { connectExtProc, requestBody, requestHeaders } from "../../support/ext-proc-client.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { startNode, until, type Node } from "../../support/node.ts";
import { startProgram, type Program } from "../../support/programs/program.ts";

const folder = path.join(import.meta.dirname, "../../support/tls");
const certificate = readFileSync(path.join(folder, "localhost.cert.pem"));
const otherCertificate = readFileSync(path.join(folder, "renewed.cert.pem"));
const tls = { certFile: "localhost.cert.pem", keyFile: "localhost.key.pem" };
const chat = JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "Say hello" }] });

async function open(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ALPNProtocols: ["h2"], ...options });
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  return socket;
}

describe("an ext_proc port with a certificate", () => {
  let node: Node;
  let port: number;
  beforeEach(async () => {
    node = await startNode({ extProc: { tls }, control: { enabled: true } }, { folder });
    port = node.app.extProcPort!;
  });
  afterEach(async () => {
    await node.stop();
  });

  test("answers calls and health checks over TLS", async () => {
    const client = connectExtProc(port, certificate);
    expect(await client.check("")).toBe("SERVING");
    const call = client.process();
    call.send(requestHeaders());
    call.send(requestBody(chat, true));
    expect(await call.next()).toMatchObject({ immediate_response: { status: { code: 200 } } });
    call.stream.cancel();
    client.close();
  });

  test("chooses HTTP/2 by ALPN", async () => {
    const socket = await open(port);
    expect(socket.alpnProtocol).toBe("h2");
    socket.destroy();
  });

  test.each([
    ["that trusts another certificate", () => connectExtProc(port, otherCertificate)],
    ["that speaks no TLS", () => connectExtProc(port)],
  ])("is UNAVAILABLE to a client %s, and goes on for the others", async (_who, connecting) => {
    const wrong = connecting();
    expect(await wrong.check("")).toBe(14);
    wrong.close();
    const right = connectExtProc(port, certificate);
    expect(await right.check("")).toBe("SERVING");
    right.close();
  });

  test("closes a connection that offers no HTTP/2", async () => {
    const socket = await open(port, { ALPNProtocols: [] });
    socket.resume();
    await once(socket, "close");
    expect(socket.destroyed).toBe(true);
  });

  test("leaves no connection open when it stops, also none that never began its handshake", async () => {
    const silent = tcpConnect(port, "127.0.0.1");
    silent.on("error", () => undefined);
    await once(silent, "connect");
    const idle = await open(port);
    idle.resume();
    const closed = Promise.all([once(silent, "close"), once(idle, "close")]);
    expect(await node.stop()).toBe(true);
    await closed;
    expect([silent.destroyed, idle.destroyed]).toEqual([true, true]);
  });

  test("leaves the traffic port without TLS", async () => {
    const response = await fetch(`${node.url}/v1/models`);
    expect([node.url.startsWith("http:"), response.status]).toEqual([true, 200]);
  });
});

describe("a certificate of the ext_proc port", () => {
  let own: string;
  let program: Program;
  beforeEach(async () => {
    own = await mkdtemp(path.join(tmpdir(), "stuntdouble-"));
    await put("localhost");
  });
  afterEach(() => program.stop());

  async function put(name: "localhost" | "renewed"): Promise<void> {
    for (const part of ["cert", "key"]) {
      await copyFile(path.join(folder, `${name}.${part}.pem`), path.join(own, `${part}.pem`));
    }
  }
  const start = async (workers: number): Promise<number> => {
    const files = { certFile: path.join(own, "cert.pem"), keyFile: path.join(own, "key.pem") };
    program = await startProgram({ extProc: { tls: files } }, {}, workers);
    return Number(/ext_proc filter finds it at 127\.0\.0\.1:(\d+)/.exec(program.errors())?.[1]);
  };
  const shown = async (port: number): Promise<unknown> => {
    const socket = await open(port);
    const { CN } = socket.getPeerCertificate().subject;
    socket.destroy();
    return CN;
  };
  const reloads = (result: "success" | "error") =>
    until("a reload", async () =>
      (await program.metric(`stuntdouble_config_reloads_total{result="${result}"}`)) === 1 ? true : undefined,
    );

  test.each([1, 2])("is renewed by SIGHUP for new connections, and old ones go on (workers: %i)", async (workers) => {
    const port = await start(workers);
    expect(await shown(port)).toBe("localhost");
    const before = connectExtProc(port, certificate);
    expect(await before.check("")).toBe("SERVING");
    await put("renewed");
    program.hangUp();
    await reloads("success");
    const names = new Set<unknown>();
    for (let count = 0; count < 10; count += 1) names.add(await shown(port));
    expect([...names]).toEqual(["renewed.localhost"]);
    expect(await before.check("")).toBe("SERVING");
    before.close();
    const told = await until("the log line", () =>
      program.logLines().find((line) => line.includes("the new certificate")),
    );
    expect(JSON.parse(told)).toMatchObject({ path: "extProc.tls" });
    expect(program.logLines().join("\n")).not.toContain("after a restart");
  });

  test("that is new to a port without one needs a restart", async () => {
    program = await startProgram({ extProc: {} });
    const files = { certFile: path.join(own, "cert.pem"), keyFile: path.join(own, "key.pem") };
    await program.write({ extProc: { tls: files } });
    await reloads("success");
    const told = await until("the log line", () =>
      program.logLines().find((line) => line.includes("takes effect after a restart")),
    );
    expect(JSON.parse(told)).toMatchObject({ path: "extProc.tls" });
  });

  test("that cannot be used changes nothing", async () => {
    const port = await start(1);
    await copyFile(path.join(folder, "renewed.cert.pem"), path.join(own, "cert.pem"));
    program.hangUp();
    await reloads("error");
    expect(await shown(port)).toBe("localhost");
    const told = await until("the log line", () => program.logLines().find((line) => line.includes("stays in force")));
    expect(told).toContain("extProc.tls");
  });
});

describeWith("envoy", findEnvoy(), "TLS between a real Envoy and the sidecar", (place) => {
  const startSecured = (trusted: Buffer) =>
    startBehindEnvoy(
      place,
      { extProc: { tls: { certFile: path.join(folder, tls.certFile), keyFile: path.join(folder, tls.keyFile) } } },
      { trusted: trusted.toString(), healthChecks: true },
    );

  test("carries JSON, streams and health checks, and more calls than Node lets a client reset", async () => {
    const behind = await startSecured(certificate);
    try {
      await until("a healthy sidecar", async () =>
        (await behind.envoy.stat("cluster.stuntdouble.membership_healthy")) === 1 ? true : undefined,
      );
      const streamed = await behind.chat({}, { stream: true, max_tokens: 5 });
      expect(await streamed.text()).toContain("[DONE]");
      const statuses: number[] = [];
      const caller = async (): Promise<void> => {
        for (let count = 0; count < 100; count += 1) {
          const response = await behind.chat({}, { max_tokens: 1 });
          await response.text();
          statuses.push(response.status);
        }
      };
      await Promise.all(Array.from({ length: 15 }, caller));
      expect(statuses.filter((status) => status !== 200)).toEqual([]);
      expect(await behind.envoy.stat("cluster.stuntdouble.ssl.handshake")).toBeGreaterThan(0);
      await behind.node.idle();
    } finally {
      await behind.stop();
    }
  });

  test("is refused by an Envoy that trusts another certificate", async () => {
    const behind = await startSecured(otherCertificate);
    try {
      const response = await behind.chat();
      expect(response.status).toBe(500);
      expect(await behind.envoy.stat("cluster.stuntdouble.ssl.fail_verify_error")).toBeGreaterThan(0);
    } finally {
      await behind.stop();
    }
  });
});
