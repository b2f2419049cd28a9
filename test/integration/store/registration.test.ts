import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { startNode, until, type Node } from "../../support/node.ts";
import { consulName, startConsul, type Consul } from "../../support/programs/consul.ts";
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
