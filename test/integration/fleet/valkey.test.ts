import { afterEach, expect, test } from "vitest";
import { startNode, until, type Node } from "../../support/node.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { startRedis, valkeyServer, type Redis } from "../../support/programs/redis.ts";

const stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

async function statusOf(node: Node, words = "hello"): Promise<number> {
  const response = await fetch(`${node.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-4o", max_tokens: 2, messages: [{ role: "user", content: words }] }),
  });
  await response.arrayBuffer();
  return response.status;
}

async function twoNodes(program: string, more: object): Promise<readonly [Redis, Node, Node]> {
  const valkey = await startRedis(program);
  stops.push(valkey.stop);
  const start = () => startNode({ shared: { redis: { url: valkey.url, timeoutMs: 1000 } }, ...more });
  const [a, b] = await Promise.all([start(), start()]);
  stops.push(
    () => a.stop(),
    () => b.stop(),
  );
  return [valkey, a, b];
}

const redisUp = (node: Node, value: number) =>
  until(`redis_up ${value}`, async () => ((await node.metric("stuntdouble_redis_up")) === value ? true : undefined));

describeWith("valkey-server", valkeyServer, "Valkey in the place of Redis", (program) => {
  test("it is Valkey", async () => {
    const [valkey] = await twoNodes(program, {});
    expect(String(await valkey.command("INFO", "server"))).toMatch(/^valkey_version:/m);
  });

  test("two nodes have one limit, also after it was away", async () => {
    const [valkey, a, b] = await twoNodes(program, { rateLimit: { requestsPerMinute: 6 } });
    const statuses = await Promise.all(Array.from({ length: 12 }, (_, n) => statusOf(n % 2 === 0 ? a : b)));
    expect(statuses.filter((status) => status === 200)).toHaveLength(6);
    await valkey.kill();
    await redisUp(a, 0);
    await valkey.start();
    await redisUp(a, 1);
    expect(await statusOf(a)).toBe(200);
  });

  test("attempts, the kill switch and the calls of nodes are shared", async () => {
    const [, a, b] = await twoNodes(program, {
      rules: [
        { name: "first", match: { attempt: { max: 1 } }, serve: "simulate", faults: [{ kind: "status", status: 503 }] },
      ],
    });
    expect([await statusOf(a), await statusOf(b)]).toEqual([503, 200]);
    await until("the calls of both", async () => {
      const { totals } = await a.admin<{ totals: { calls: number } }>("/admin/v1/nodes");
      return totals.calls === 2 ? true : undefined;
    });
    await (await fetch(`${a.adminUrl}/admin/v1/experiments/stop`, { method: "POST" })).text();
    await until("the kill switch", async () => ((await statusOf(b, "other")) === 200 ? true : undefined));
  });
});
