import { readFileSync } from "node:fs";
import { connect } from "node:net";
import path from "node:path";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { startNode, until, type Node } from "../../support/node.ts";
import { consulName, startConsul, type Consul } from "../../support/programs/consul.ts";
import { startConsulStub, type ConsulStub } from "../../support/programs/consul-stub.ts";
import { freePort } from "../../support/programs/gateway.ts";

let node: Node | undefined;
let consul: Consul | undefined;
afterEach(async () => {
  await node?.stop();
  await consul?.stop();
  [node, consul] = [undefined, undefined];
});

const token = "5c1a2b3d-0000-4000-8000-0123456789ab";
const messages = (): string[] => node!.logLines().map((line) => (JSON.parse(line) as { msg: string }).msg);
const untilKnown = (id: string) => until(`the service ${id}`, async () => (await consul!.services())[id]);
const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => (socket.destroy(), resolve(true))).once("error", () => resolve(false));
  });

describe(`a node that registers with ${consulName}`, () => {
  test("is a service with its port and tags, and is taken out before its port closes", async () => {
    consul = await startConsul({ token });
    const register = {
      consul: { url: `http://127.0.0.1:${consul.port}`, tokenEnv: "CONSUL_TOKEN", id: "node-1", tags: ["staging"] },
    };
    const listen = { drainDelayMs: 3000 };
    node = await startNode({ register, listen }, { env: { CONSUL_TOKEN: token } });
    expect(await untilKnown("node-1")).toMatchObject({ Port: node.port, Tags: ["staging"] });
    expect(await node.metric("stuntdouble_registered")).toBe(1);
    const stopped = node.stop();
    await until("the end of the service", async () => ("node-1" in (await consul!.services()) ? undefined : true));
    expect(await isOpen(node.port)).toBe(true);
    await stopped;
    expect(await isOpen(node.port)).toBe(false);
    expect(node.logLines().join("\n")).not.toContain(token);
  }, 120_000);

  test("is registered again when the agent has forgotten it", async () => {
    consul = await startConsul();
    const register = { consul: { url: `http://127.0.0.1:${consul.port}`, id: "node-2" } };
    node = await startNode({ register });
    await untilKnown("node-2");
    await consul.forget("node-2");
    expect(await untilKnown("node-2")).toMatchObject({ Port: node.port });
  }, 120_000);

  test("serves while the agent is not there, and registers when it comes", async () => {
    const port = await freePort();
    node = await startNode({ register: { consul: { url: `http://127.0.0.1:${port}`, id: "node-3" } } });
    await until("the warning", () =>
      messages().find((message) => message.startsWith("could not register with Consul")),
    );
    const body = JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "Hi" }] });
    const response = await fetch(`${node.url}/v1/chat/completions`, { method: "POST", body });
    expect(response.status).toBe(200);
    await response.text();
    expect(await node.metric("stuntdouble_registered")).toBe(0);
    consul = await startConsul({ port });
    await untilKnown("node-3");
    expect(await node.metric("stuntdouble_registered")).toBe(1);
  }, 180_000);
});

const file = (name: string): string => path.join(import.meta.dirname, "../../support/tls", name);

test(`a node registers by TLS with ${consulName}, whose authority it is given`, async () => {
  const [certFile, keyFile] = [file("localhost.cert.pem"), file("localhost.key.pem")];
  const agent = await startConsul({ tls: { certFile, keyFile } });
  onTestFinished(() => agent.stop());
  const url = `https://127.0.0.1:${agent.tlsPort}`;
  node = await startNode({ register: { consul: { url, id: "node-tls", tls: { caFile: certFile } } } });
  await until("the service", async () => ("node-tls" in (await agent.services()) ? true : undefined));
  expect(await node.metric("stuntdouble_registered")).toBe(1);
}, 120_000);

describe("a node that registers by TLS with a stub of Consul", () => {
  const tls = {
    cert: readFileSync(file("localhost.cert.pem"), "utf8"),
    key: readFileSync(file("localhost.key.pem"), "utf8"),
  };

  async function nodeWith(caFile: string | undefined, url: (port: number) => string): Promise<ConsulStub> {
    const stub = await startConsulStub({ tls });
    onTestFinished(() => stub.stop());
    const register = {
      consul: { url: url(stub.port), id: "node-1", ...(caFile !== undefined && { tls: { caFile } }) },
    };
    node = await startNode({ register });
    return stub;
  }

  test("trusts no other, and says so", async () => {
    const stub = await nodeWith(undefined, (port) => `https://127.0.0.1:${port}`);
    await until("the warning", () =>
      node!.logLines().find((line) => line.includes("could not register") && /certificate/i.test(line)),
    );
    expect(stub.services.size).toBe(0);
  }, 120_000);

  test("is refused where TLS is configured for an agent without", async () => {
    await expect(nodeWith(file("localhost.cert.pem"), (port) => `http://127.0.0.1:${port}`)).rejects.toThrow(
      "register.consul.tls: is for https:// only",
    );
  }, 120_000);
});
