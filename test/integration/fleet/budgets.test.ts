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

const severalLimits = { callsPerHour: 6, tokensPerDay: 1_000_000, usdPerDay: 100 };

async function start(redis: Redis, upstream: ScriptedUpstream, limits: object = severalLimits): Promise<Node> {
  const budget = { ...limits, whenSpent: "fail" };
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
      await expect.poll(() => used(a, kind), { timeout: 10_000 }).toBeCloseTo(await used(late, kind), 8);
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

  test("calls that come to all nodes at once do not pass a limit of tokens together", async () => {
    const [outputTokens, tokensPerDay] = [500, 40_000];
    const usage = { prompt_tokens: 2, completion_tokens: outputTokens };
    upstream.script(async (response, received) => {
      await new Promise((resolve) => setTimeout(resolve, 40));
      await json({ ...chatResponse("Hello"), usage })(response, received);
    });
    const nodes = [await start(redis, upstream, { tokensPerDay }), await start(redis, upstream, { tokensPerDay })];
    for (const node of nodes) await ask(node);
    const statuses = await Promise.all(Array.from({ length: 240 }, (_, call) => ask(nodes[call % 2] ?? nodes[0]!)));
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    const spent = upstream.received.length * (outputTokens + 2);
    expect(spent).toBeLessThanOrEqual(tokensPerDay);
    expect(spent).toBeGreaterThan(tokensPerDay / 4);
  });

  test("what is granted to a node is held for it for as long as it goes on telling", async () => {
    const tokensPerDay = 20_000;
    const node = await start(redis, upstream, { tokensPerDay });
    await ask(node);
    const [grants] = (await redis.command("KEYS", "*:grants:*")) as [string];
    const granted = (wanted: (tokens: number) => boolean) =>
      until("another grant", async () => {
        const all = Object.values((await redis.command("HGETALL", grants)) as Record<string, string>);
        return all.map((each) => Number(each.split(" ")[0])).some(wanted) ? true : undefined;
      });
    await granted((tokens) => tokens > 9000 && tokens < 10_000);
    const inAnHourUs = (Date.now() - Date.UTC(2026, 0, 1) + 3_600_000) * 1000;
    await redis.command("HSET", grants, "another", `15000 ${inAnHourUs}`);
    await granted((tokens) => tokens < 2500);
    await redis.command("HSET", grants, "another", "15000 1000");
    await granted((tokens) => tokens > 9000 && tokens < 10_000);
    await node.stop();
    expect(Object.keys((await redis.command("HGETALL", grants)) as object)).toEqual(["another"]);
  });
});
