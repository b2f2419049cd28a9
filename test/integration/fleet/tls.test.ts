import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { startNode, until, type Node } from "../../support/node.ts";
import { freePort } from "../../support/programs/gateway.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { redisServer, startRedis } from "../../support/programs/redis.ts";

const stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

/** A certificate that is its own authority, for localhost and 127.0.0.1. */
const tlsFile = (name: string): string => path.join(import.meta.dirname, "../../support/tls", name);
const certFile = tlsFile("localhost.cert.pem");
const keyFile = tlsFile("localhost.key.pem");

/** @param auth whether clients need a certificate */
async function urlOf(program: string, auth: "yes" | "no"): Promise<string> {
  const port = await freePort();
  const files = ["--tls-cert-file", certFile, "--tls-key-file", keyFile, "--tls-ca-cert-file", certFile];
  const redis = await startRedis(program, ["--tls-port", String(port), "--tls-auth-clients", auth, ...files]);
  stops.push(redis.stop);
  return `rediss://127.0.0.1:${port}`;
}

async function nodeAt(url: string, tls?: object): Promise<Node> {
  const redis = { url, timeoutMs: 2000, ...(tls !== undefined && { tls }) };
  const node = await startNode({ shared: { redis }, rateLimit: { requestsPerMinute: 4 } });
  stops.push(() => node.stop());
  return node;
}

async function statusOf(node: Node | undefined): Promise<number> {
  const response = await fetch(`${node?.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-4o", max_tokens: 2, messages: [{ role: "user", content: "hello" }] }),
  });
  await response.arrayBuffer();
  return response.status;
}

async function sharedBy(nodes: readonly Node[]): Promise<number> {
  for (const node of nodes)
    await until("Redis", async () => ((await node.metric("stuntdouble_redis_up")) === 1 ? true : undefined));
  const statuses: number[] = [];
  for (let n = 0; n < 8; n += 1) statuses.push(await statusOf(nodes[n % nodes.length]));
  return statuses.filter((status) => status === 200).length;
}

/** Calls go on, and the metric tells why Redis is not used. */
async function expectUnused(node: Node): Promise<void> {
  expect([await statusOf(node), await statusOf(node)]).toEqual([200, 200]);
  await until("the reason", async () =>
    (await node.metric('stuntdouble_redis_errors_total{reason="tls"}')) > 0 ? true : undefined,
  );
  expect(await node.metric("stuntdouble_redis_up")).toBe(0);
}

describeWith("redis-server", redisServer, "Redis by TLS", (program) => {
  test("with the authority of its certificate, limits are shared", async () => {
    const url = await urlOf(program, "no");
    const tls = { caFile: certFile };
    expect(await sharedBy([await nodeAt(url, tls), await nodeAt(url, tls)])).toBe(4);
  });

  test("with a certificate of the node, where the server asks for one", async () => {
    const url = await urlOf(program, "yes");
    const tls = { caFile: certFile, certFile, keyFile };
    expect(await sharedBy([await nodeAt(url, tls), await nodeAt(url, tls)])).toBe(4);
  });

  test.each([
    ["an authority that is not known", undefined],
    ["another authority", { caFile: tlsFile("renewed.cert.pem") }],
    ["a certificate for another name", { caFile: certFile, serverName: "redis.example.com" }],
  ])("with %s nothing is shared, and the metric says why", async (_, tls) => {
    const node = await nodeAt(await urlOf(program, "no"), tls);
    await expectUnused(node);
  });
});
