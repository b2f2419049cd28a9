import { createHash } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { startNode, until, type Node } from "../../support/node.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { redisServer, startRedis, type Redis } from "../../support/programs/redis.ts";

const stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

const sha256 = (key: string): string => createHash("sha256").update(key).digest("hex");

async function startFleet(
  redis: Redis,
  count: number,
  more: Record<string, unknown> = {},
  workers = 1,
): Promise<Node[]> {
  const nodes = await Promise.all(
    Array.from({ length: count }, () =>
      startNode({ shared: { redis: { url: redis.url, timeoutMs: 500 } }, ...more }, { workers }),
    ),
  );
  for (const node of nodes) stops.push(() => node.stop());
  await Promise.all(
    nodes.map((node) =>
      until("all nodes to know each other", async () =>
        (await node.metric("stuntdouble_fleet_nodes")) === count ? true : undefined,
      ),
    ),
  );
  return nodes;
}

async function redisOf(program: string, args: readonly string[] = []): Promise<Redis> {
  const redis = await startRedis(program, args);
  stops.push(redis.stop);
  return redis;
}

type Response = { readonly status: number; readonly headers: Headers };

async function call(node: Node, key?: string, words = "hello"): Promise<Response> {
  const response = await fetch(`${node.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(key !== undefined && { authorization: `Bearer ${key}` }) },
    body: JSON.stringify({ model: "gpt-4o", max_tokens: 5, messages: [{ role: "user", content: words }] }),
  });
  await response.arrayBuffer();
  return { status: response.status, headers: response.headers };
}

const okOf = (responses: readonly Response[]): number => responses.filter(({ status }) => status === 200).length;

describeWith("redis-server", redisServer, "limits over nodes", (program) => {
  test("calls without a key have one limit over three nodes, to the call", async () => {
    const redis = await redisOf(program);
    const nodes = await startFleet(redis, 3, { rateLimit: { requestsPerMinute: 20 } });
    const calls = Array.from({ length: 60 }, (_, n) => call(nodes[n % 3]!));
    expect(okOf(await Promise.all(calls))).toBe(20);
  });

  test("nodes with several event loops have one limit, to the call", { timeout: 180_000 }, async () => {
    const redis = await redisOf(program);
    const nodes = await startFleet(redis, 2, { rateLimit: { requestsPerMinute: 20 } }, 2);
    const calls = Array.from({ length: 48 }, (_, n) => call(nodes[n % 2]!));
    expect(okOf(await Promise.all(calls))).toBe(20);
  });

  test("each key has its own limit, and its key is nowhere in Redis", async () => {
    const redis = await redisOf(program);
    const keys = [
      { name: "one", sha256: sha256("secret-one"), requestsPerMinute: 3 },
      { name: "two", sha256: sha256("secret-two"), requestsPerMinute: 5 },
    ];
    const [a, b] = await startFleet(redis, 2, { auth: { keys } });
    const first = await Promise.all(Array.from({ length: 10 }, (_, n) => call(n % 2 === 0 ? a! : b!, "secret-one")));
    const second = await Promise.all(Array.from({ length: 10 }, (_, n) => call(n % 2 === 0 ? a! : b!, "secret-two")));
    expect([okOf(first), okOf(second)]).toEqual([3, 5]);
    const names = (await redis.command("KEYS", "*")) as string[];
    const values = await Promise.all(names.map(async (name) => JSON.stringify(await redis.command("DUMP", name))));
    expect(names.filter((name) => name.includes(":rate:"))).toHaveLength(2);
    expect([...names, ...values].join(" ")).not.toMatch(/secret|one|two|hello/);
    expect([...names, ...values].join(" ")).not.toContain(sha256("secret-one").slice(0, 16));
  });

  test("tokens of a response on one node count on the other", async () => {
    const redis = await redisOf(program);
    const [a, b] = await startFleet(redis, 2, { rateLimit: { tokensPerMinute: 1000 } });
    const { headers } = await call(a!);
    await a!.idle();
    const next = await until("the tokens of the response", async () => {
      const seen = await call(b!);
      const left = Number(seen.headers.get("x-ratelimit-remaining-tokens"));
      return left < Number(headers.get("x-ratelimit-remaining-tokens")) - 10 ? left : undefined;
    });
    expect(next).toBeLessThan(1000);
  });

  test("a caller sees what all nodes have left of its limit", async () => {
    const redis = await redisOf(program);
    const [a, b] = await startFleet(redis, 2, { rateLimit: { requestsPerMinute: 100 } });
    for (let n = 0; n < 10; n += 1) await call(n % 2 === 0 ? a! : b!);
    const { headers } = await call(a!);
    expect(headers.get("x-ratelimit-limit-requests")).toBe("100");
    expect(Number(headers.get("x-ratelimit-remaining-requests"))).toBe(89);
  });

  test.each([2, 3])(
    "over %i nodes the limit is kept within two per cent, burst and refill together",
    { timeout: 180_000 },
    async (count) => {
      const redis = await redisOf(program);
      const limit = 150;
      const nodes = await startFleet(redis, count, { rateLimit: { requestsPerMinute: limit } });
      const from = performance.now();
      let sent = 0;
      let passed = 0;
      let refused = 0;
      const send = async (): Promise<void> => {
        while (refused < 40) {
          sent += 1;
          const node = nodes[sent % count];
          if (node === undefined || (await call(node)).status !== 200) refused += 1;
          else passed += 1;
        }
      };
      await Promise.all(Array.from({ length: 8 }, send));
      const allowed = limit * (1 + (performance.now() - from) / 60_000);
      expect(Math.abs(passed - allowed) / allowed).toBeLessThan(0.02);
    },
  );
});
