import { afterEach, beforeEach, expect, test } from "vitest";
import { startNode, until, type Node } from "../../support/node.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { redisServer, startRedis, type Redis } from "../../support/programs/redis.ts";
import { chatResponse, json, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

const stops: (() => Promise<unknown>)[] = [];

/** A window that ends in a test gives its budget back. */
beforeEach(async () => {
  const leftMs = 3_600_000 - (Date.now() % 3_600_000);
  if (leftMs < 20_000) await new Promise((resolve) => setTimeout(resolve, leftMs));
}, 30_000);
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

async function start(redis: Redis, upstream: ScriptedUpstream): Promise<Node> {
  const budget = { callsPerHour: 6, tokensPerDay: 1_000_000, usdPerDay: 100, whenSpent: "fail" };
  const node = await startNode({
    shared: { redis: { url: redis.url, timeoutMs: 500 } },
    upstreams: { openai: { url: upstream.url, budget } },
    default: { serve: "forward" },
  });
  stops.push(() => node.stop());
  return node;
}

async function ask({ url }: Node): Promise<number> {
  const body = JSON.stringify({ model: "gpt-4o-mini", messages: [{ role: "user", content: "Hi" }] });
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body });
  await response.arrayBuffer();
  return response.status;
}

const used = (node: Node, kind: string): Promise<number> =>
  node.metric(`stuntdouble_budget_used{upstream="openai",kind="${kind}"}`);
const hears = (node: Node, calls: number): Promise<true> =>
  until(`the node to count ${calls} calls`, async () =>
    (await used(node, "callsPerHour")) === calls ? true : undefined,
  );

describeWith("redis-server", redisServer, "budgets over nodes", (program) => {
  let redis: Redis;
  let upstream: ScriptedUpstream;
  beforeEach(async () => {
    [redis, upstream] = [await startRedis(program, []), await startUpstream(json(chatResponse("Hello")))];
    stops.push(redis.stop, () => upstream.stop());
  }, 60_000);

  test("what one node has used counts on the other, and on one that starts later", async () => {
    const [a, b] = [await start(redis, upstream), await start(redis, upstream)];
    for (let call = 0; call < 4; call += 1) expect(await ask(a)).toBe(200);
    await hears(b, 4);
    expect([await ask(b), await ask(b), await ask(b)]).toEqual([200, 200, 429]);
    await hears(a, 6);
    expect(await ask(a)).toBe(429);
    const late = await start(redis, upstream);
    expect(await ask(late)).toBe(429);
    expect(upstream.received).toHaveLength(6);
    for (const kind of ["tokensPerDay", "usdPerDay"])
      expect(await used(late, kind)).toBeCloseTo(await used(a, kind), 8);
  });

  test("what a node that is gone has used stays used", async () => {
    const [a, b] = [await start(redis, upstream), await start(redis, upstream)];
    await ask(a);
    await hears(b, 1);
    await a.stop();
    expect(await ask(b)).toBe(200);
    await hears(b, 2);
  });

  test("without Redis each node goes on from what it last knew", async () => {
    const [a, b] = [await start(redis, upstream), await start(redis, upstream)];
    for (let call = 0; call < 5; call += 1) await ask(a);
    await hears(b, 5);
    await redis.stop();
    expect([await ask(b), await ask(b)]).toEqual([200, 429]);
  });
});
