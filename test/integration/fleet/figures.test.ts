import { afterEach, expect, test } from "vitest";
import { startNode, until, type Node } from "../../support/node.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { redisServer, startRedis, type Redis } from "../../support/programs/redis.ts";

const stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

async function startNodes(redis: Redis, count: number, config: object = {}): Promise<Node[]> {
  const shared = { redis: { url: redis.url, timeoutMs: 500 } };
  const nodes = await Promise.all(Array.from({ length: count }, () => startNode({ shared, ...config })));
  for (const node of nodes) stops.push(() => node.stop());
  return nodes;
}

async function redisOf(program: string): Promise<Redis> {
  const redis = await startRedis(program);
  stops.push(redis.stop);
  return redis;
}

async function call(node: Node, stream = false): Promise<void> {
  const response = await fetch(`${node.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-4o", stream, max_tokens: 4, messages: [{ role: "user", content: "hello" }] }),
  });
  await response.arrayBuffer();
}

type Totals = { readonly calls: number; readonly errors: number; readonly totalMs?: { readonly p99: number } };
type Nodes = {
  readonly totals: Totals;
  readonly nodes: readonly { readonly isThis: boolean; readonly totals?: Totals }[];
};
type Drift = {
  readonly nodes: readonly string[];
  readonly ratios: readonly { readonly model: string; readonly measure: string; readonly ratio: number }[];
};

describeWith("redis-server", redisServer, "figures over nodes", (program) => {
  test("any node tells the calls of each, and of all together", async () => {
    const [a, b] = await startNodes(await redisOf(program), 2);
    for (let n = 0; n < 3; n += 1) await call(a!);
    for (let n = 0; n < 4; n += 1) await call(b!);
    const found = await until("the calls of both", async () => {
      const told = await a!.admin<Nodes>("/admin/v1/nodes");
      return told.totals.calls === 7 ? told : undefined;
    });
    const own = found.nodes.find(({ isThis }) => isThis);
    const other = found.nodes.find(({ isThis }) => !isThis);
    expect([own?.totals?.calls, other?.totals?.calls]).toEqual([3, 4]);
    expect(found.totals.totalMs?.p99).toBeGreaterThan(0);
  });

  test("a node that has gone is out of the sum", async () => {
    const [a, b] = await startNodes(await redisOf(program), 2);
    await call(a!);
    await call(b!);
    const callsAre = (count: number) =>
      until(`${count} calls`, async () =>
        (await a!.admin<Nodes>("/admin/v1/nodes")).totals.calls === count ? true : undefined,
      );
    await callsAre(2);
    await b!.stop();
    await callsAre(1);
  });

  test("while Redis is away a node tells of itself", async () => {
    const redis = await redisOf(program);
    const [a, b] = await startNodes(redis, 2);
    await call(a!);
    await call(b!);
    await redis.kill();
    const { totals } = await a!.admin<Nodes>("/admin/v1/nodes");
    expect(totals.calls).toBe(1);
  });

  test("what another has written under the name of a node is passed over", async () => {
    const redis = await redisOf(program);
    const [a] = await startNodes(redis, 1);
    await call(a!);
    const told = JSON.stringify({ version: "9", host: "h", generation: 1, hash: "h", startedAtMs: 0 });
    const [seconds] = (await redis.command("TIME")) as [string, string];
    await redis.command("HSET", "stuntdouble:nodes", "other", `${(Number(seconds) - 1767225600) * 1000} ${told}`);
    await redis.command("SET", "stuntdouble:report:other", '{"totals":{"calls":"many"}}');
    const found = await until("the other node", async () => {
      const nodes = await a!.admin<Nodes>("/admin/v1/nodes");
      return nodes.nodes.length === 2 ? nodes : undefined;
    });
    expect(found.totals.calls).toBe(1);
  });

  test("calls that are too few on each node for a drift are enough together", async () => {
    const upstream = await startNode({});
    stops.push(() => upstream.stop());
    const nodes = await startNodes(await redisOf(program), 2, {
      upstreams: { provider: { url: upstream.url } },
      default: { serve: "forward", mirror: "simulate" },
    });
    for (let n = 0; n < 12; n += 1) await Promise.all(nodes.map((node) => call(node, true)));
    const of = async (node: Node): Promise<Drift> => await node.admin<Drift>("/admin/v1/nodes/drift");
    const found = await until("a drift", async () => {
      const told = await of(nodes[0]!);
      return told.ratios.length > 0 ? told : undefined;
    });
    expect(found.nodes).toHaveLength(2);
    expect(found.ratios[0]?.model).toBe("gpt-4o");
    expect(await nodes[0]!.metrics()).not.toContain("stuntdouble_shadow_drift_ratio{");
  });
});
