import { afterEach, expect, test } from "vitest";
import { startNode, until, type Node } from "../../support/node.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { freePort } from "../../support/programs/gateway.ts";
import { redisServer, startRedis, type Redis } from "../../support/programs/redis.ts";
import { startSlowLink } from "../../support/programs/slow-link.ts";

const stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

async function redisOf(program: string, args: readonly string[] = [], password?: string): Promise<Redis> {
  const redis = await startRedis(program, args, password);
  stops.push(redis.stop);
  return redis;
}

/** Every call is limited, and more may go on than a test makes. */
const plenty: Record<string, unknown> = { rateLimit: { requestsPerMinute: 1_000_000 } };

async function nodeAt(url: string, more: Record<string, unknown> = plenty, timeoutMs = 2000): Promise<Node> {
  const node = await startNode({ shared: { redis: { url, timeoutMs } }, ...more });
  stops.push(() => node.stop());
  return node;
}

async function call(node: Node): Promise<{ readonly status: number; readonly tookMs: number }> {
  const from = performance.now();
  const response = await fetch(`${node.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-4o", max_tokens: 5, messages: [{ role: "user", content: "hello" }] }),
  });
  await response.arrayBuffer();
  return { status: response.status, tookMs: performance.now() - from };
}

async function callMany(node: Node, count: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let n = 0; n < count; n += 1) statuses.push((await call(node)).status);
  return statuses;
}

const up = (node: Node, value: 0 | 1) =>
  until(`redis_up ${value}`, async () => ((await node.metric("stuntdouble_redis_up")) === value ? true : undefined));

const lines = (node: Node, text: string): string[] => node.logLines().filter((line) => line.includes(text));
const downLines = (node: Node): string[] => lines(node, "Redis cannot be used");
const backLines = (node: Node): string[] => lines(node, "Redis is back");

/** Calls go on, one line says why, a metric counts it. */
async function expectLocal(node: Node, reason: string): Promise<void> {
  await up(node, 0);
  expect(await callMany(node, 5)).toEqual([200, 200, 200, 200, 200]);
  expect(downLines(node)).toHaveLength(1);
  expect(JSON.parse(downLines(node)[0] ?? "{}")).toMatchObject({ reason });
  expect(await node.metric(`stuntdouble_redis_errors_total{reason="${reason}"}`)).toBeGreaterThan(0);
}

describeWith("redis-server", redisServer, "an outage of Redis", (program) => {
  test("killed and started again: calls go on, limits are local and then shared again", async () => {
    const redis = await redisOf(program);
    const node = await nodeAt(redis.url);
    await up(node, 1);
    await redis.kill();
    expect(await callMany(node, 5)).toEqual([200, 200, 200, 200, 200]);
    await up(node, 0);
    expect(downLines(node)).toHaveLength(1);
    expect(await node.metric("stuntdouble_rate_limits_local_total")).toBeGreaterThan(0);
    await redis.start();
    await up(node, 1);
    await until("the line", async () => (backLines(node).length === 1 ? true : undefined));
    const alone = await node.metric("stuntdouble_rate_limits_local_total");
    expect(await callMany(node, 3)).toEqual([200, 200, 200]);
    expect(await node.metric("stuntdouble_rate_limits_local_total")).toBe(alone);
  });

  test("frozen: the calls that wait go on after the timeout, and those after them do not wait at all", async () => {
    const redis = await redisOf(program);
    const node = await nodeAt(redis.url, plenty, 1000);
    await up(node, 1);
    await call(node);
    redis.freeze();
    const waited = await Promise.all([call(node), call(node), call(node)]);
    expect(waited.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(Math.max(...waited.map(({ tookMs }) => tookMs))).toBeGreaterThan(400);
    // A frozen server takes connections and never answers on them: it must not count as back.
    const after: number[] = [];
    for (let n = 0; n < 50; n += 1) after.push((await call(node)).tookMs);
    expect(after.sort((a, b) => a - b)[25]).toBeLessThan(400);
    expect(await node.metric("stuntdouble_redis_up")).toBe(0);
    expect(downLines(node)).toHaveLength(1);
    redis.thaw();
    await up(node, 1);
  });

  test("slow: replies that come after the timeout make limits local, until they are quick again", async () => {
    const redis = await redisOf(program);
    const link = await startSlowLink(redis.port);
    stops.push(link.stop);
    const node = await nodeAt(`redis://127.0.0.1:${link.port}`, plenty, 1000);
    await up(node, 1);
    link.delay(10_000);
    await call(node);
    await expectLocal(node, "timeout");
    link.delay(0);
    await up(node, 1);
  });

  test("full: a server that takes no more writes makes limits local", async () => {
    const redis = await redisOf(program, ["--maxmemory-policy", "noeviction"]);
    const node = await nodeAt(redis.url);
    await up(node, 1);
    await redis.command("CONFIG", "SET", "maxmemory", "1");
    await call(node);
    await expectLocal(node, "full");
    await redis.command("CONFIG", "SET", "maxmemory", "0");
    await up(node, 1);
  });

  test("failed over: a server that has become a replica makes limits local, until there is a primary again", async () => {
    const redis = await redisOf(program);
    const node = await nodeAt(redis.url);
    await up(node, 1);
    await redis.command("REPLICAOF", "127.0.0.1", String(await freePort()));
    await call(node);
    await up(node, 0);
    expect(await callMany(node, 3)).toEqual([200, 200, 200]);
    const { reason } = JSON.parse(downLines(node)[0] ?? "{}") as { reason: string };
    expect(["read-only", "loading"]).toContain(reason);
    await redis.command("REPLICAOF", "NO", "ONE");
    await up(node, 1);
  });

  test("wrong password: the node starts, and says so without the password", async () => {
    const redis = await redisOf(program, [], "right-password");
    const node = await nodeAt(redis.url.replace("right-password", "wrong-password"));
    await expectLocal(node, "auth");
    const shown = `${node.logLines().join("\n")}${JSON.stringify(await node.admin("/admin/v1/config"))}${await node.metrics()}`;
    expect(shown).not.toContain("wrong-password");
  });

  test("right password: limits are shared, and the password is shown nowhere", async () => {
    const redis = await redisOf(program, [], "right-password");
    const node = await nodeAt(redis.url);
    await up(node, 1);
    expect(await callMany(node, 2)).toEqual([200, 200]);
    const shown = `${node.logLines().join("\n")}${JSON.stringify(await node.admin("/admin/v1/config"))}${await node.metrics()}`;
    expect(shown).not.toContain("right-password");
    expect(shown).toContain("[redacted]@");
  });

  test("a user without rights makes limits local", async () => {
    const redis = await redisOf(program);
    await redis.command("ACL", "SETUSER", "reader", "on", ">reader-password", "~*", "+@read");
    const node = await nodeAt(redis.url.replace("redis://", "redis://reader:reader-password@"), plenty, 5000);
    await expectLocal(node, "auth");
  });

  test("nothing listens: the node starts and serves", async () => {
    const node = await nodeAt(`redis://127.0.0.1:${await freePort()}`);
    await expectLocal(node, "unreachable");
  });

  test("keys of a newer version: the node says so, and shares nothing", async () => {
    const redis = await redisOf(program);
    await redis.command("SET", "stuntdouble:version", "2");
    const node = await nodeAt(redis.url);
    await expectLocal(node, "version");
    expect(downLines(node)[0]).toContain("layout 2, ours is 1");
    expect(await redis.command("KEYS", "stuntdouble:*")).toEqual(["stuntdouble:version"]);
  });

  test("scripts that Redis has forgotten are told again", async () => {
    const redis = await redisOf(program);
    const node = await nodeAt(redis.url);
    await up(node, 1);
    await redis.command("SCRIPT", "FLUSH");
    expect(await callMany(node, 2)).toEqual([200, 200]);
    await until("a shared limit", async () => {
      const alone = await node.metric("stuntdouble_rate_limits_local_total");
      await call(node);
      return (await node.metric("stuntdouble_rate_limits_local_total")) === alone ? true : undefined;
    });
    expect(downLines(node)).toHaveLength(0);
  });

  test("while Redis is away each of two nodes has half of the limit, and no burst begins", async () => {
    const redis = await redisOf(program);
    const limited = { rateLimit: { requestsPerMinute: 40 } };
    const nodes = [await nodeAt(redis.url, limited), await nodeAt(redis.url, limited)];
    for (const node of nodes)
      await until("two nodes", async () => ((await node.metric("stuntdouble_fleet_nodes")) === 2 ? true : undefined));
    for (let n = 0; n < 20; n += 1) await call(nodes[n % 2]!);
    await redis.kill();
    for (const node of nodes) await up(node, 0);
    const passed = await Promise.all(
      nodes.map(async (node) => (await callMany(node, 30)).filter((status) => status === 200).length),
    );
    // Half of the limit is left, and each has half of that; what refills meanwhile comes on top.
    const together = (passed[0] ?? 0) + (passed[1] ?? 0);
    expect(together).toBeGreaterThanOrEqual(18);
    expect(together).toBeLessThan(36);
  });

  test("a node that starts while Redis is away has the whole limit, and its share once it knows of others", async () => {
    const redis = await redisOf(program);
    const limited = { rateLimit: { requestsPerMinute: 10 } };
    const first = await nodeAt(redis.url, limited);
    await up(first, 1);
    await redis.kill();
    const late = await nodeAt(redis.url, limited);
    await up(late, 0);
    expect((await callMany(late, 14)).filter((status) => status === 200).length).toBeGreaterThanOrEqual(10);
    await redis.start();
    await until("both to know each other", async () =>
      (await late.metric("stuntdouble_fleet_nodes")) === 2 ? true : undefined,
    );
    // Redis hears of what was taken, so nothing is left for either.
    await up(late, 1);
    await call(late);
    expect((await callMany(first, 6)).filter((status) => status === 200).length).toBeLessThan(4);
  });

  test("what was taken without Redis is told to it when it is back", async () => {
    const redis = await redisOf(program);
    const node = await nodeAt(redis.url, { rateLimit: { requestsPerMinute: 30 } });
    await up(node, 1);
    await redis.kill();
    await up(node, 0);
    expect((await callMany(node, 30)).filter((status) => status === 200).length).toBeGreaterThanOrEqual(30);
    await redis.start();
    await up(node, 1);
    expect((await callMany(node, 30)).filter((status) => status === 200).length).toBeLessThan(20);
  });
});
