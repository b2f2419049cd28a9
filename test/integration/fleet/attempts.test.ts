import { afterEach, expect, test } from "vitest";
import { startNode, until, type Node } from "../../support/node.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { redisServer, startRedis, type Redis } from "../../support/programs/redis.ts";

const stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

/** Faults for the first two attempts of a request. */
const twoFail = {
  rules: [
    { name: "first-two", serve: "simulate", match: { attempt: { max: 2 } }, faults: [{ kind: "status", status: 503 }] },
  ],
};

async function startNodes(redis: Redis, count: number, config: object): Promise<Node[]> {
  const nodes = await Promise.all(
    Array.from({ length: count }, () =>
      startNode({ shared: { redis: { url: redis.url, timeoutMs: 500 } }, ...config }),
    ),
  );
  for (const node of nodes) stops.push(() => node.stop());
  return nodes;
}

async function redisOf(program: string): Promise<Redis> {
  const redis = await startRedis(program);
  stops.push(redis.stop);
  return redis;
}

async function statusOf(node: Node | undefined, words: string, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(`${node?.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ model: "gpt-4o", max_tokens: 2, messages: [{ role: "user", content: words }] }),
  });
  await response.arrayBuffer();
  return response.status;
}

/** The same request again and again, each time to another node, as soon as the node before has ended it. */
async function inTurn(nodes: readonly Node[], count: number, words: string): Promise<number[]> {
  const statuses: number[] = [];
  for (let n = 0; n < count; n += 1) statuses.push(await statusOf(nodes[n % nodes.length], words));
  return statuses;
}

describeWith("redis-server", redisServer, "attempts over nodes", (program) => {
  test("the third attempt succeeds, though each came to another node", async () => {
    const nodes = await startNodes(await redisOf(program), 3, twoFail);
    expect(await inTurn(nodes, 3, "hello")).toEqual([503, 503, 200]);
  });

  test("an experiment counts attempts over nodes as well", async () => {
    const redis = await redisOf(program);
    const { match, faults } = twoFail.rules[0]!;
    const experiment = { name: "two", match, faults, percentage: 100, durationMs: 600_000 };
    const nodes = await startNodes(redis, 2, { chaos: { autostart: true }, experiments: [experiment] });
    await Promise.all(
      nodes.map((node, n) =>
        until("the experiment", async () => ((await statusOf(node, `probe ${n}`)) === 503 ? true : undefined)),
      ),
    );
    expect(await inTurn(nodes, 3, "hello")).toEqual([503, 503, 200]);
  });

  test("a request that has succeeded begins with its first attempt again, on whichever node", async () => {
    const nodes = await startNodes(await redisOf(program), 2, twoFail);
    await inTurn(nodes, 3, "hello");
    await until("the request to be forgotten", async () =>
      (await statusOf(nodes[0], "hello")) === 503 ? true : undefined,
    );
  });

  test("calls with one API key are numbered over nodes, for each rule", async () => {
    const match = { attempt: { max: 2 }, attemptBy: "key" };
    const nodes = await startNodes(await redisOf(program), 2, {
      rules: [{ name: "two-of-each-key", serve: "simulate", match, faults: [{ kind: "status", status: 503 }] }],
    });
    const statuses: number[] = [];
    for (let n = 0; n < 4; n += 1)
      statuses.push(await statusOf(nodes[n % 2], `${n}`, { authorization: "Bearer secret-one" }));
    expect(statuses).toEqual([503, 503, 200, 200]);
  });

  test("neither keys nor words of a request are in Redis, and what is there does not stay", async () => {
    const redis = await redisOf(program);
    const rules = [
      ...twoFail.rules,
      {
        name: "by-key",
        serve: "simulate",
        match: { attempt: { max: 9 }, attemptBy: "key" },
        faults: [{ kind: "status", status: 503 }],
      },
    ];
    const nodes = await startNodes(redis, 2, { rules });
    for (let n = 0; n < 4; n += 1) await statusOf(nodes[n % 2], "private", { authorization: "Bearer secret-one" });
    const names = (await redis.command("KEYS", "*:attempts:*")) as string[];
    const counts = (await redis.command("KEYS", "*:calls:*")) as string[];
    expect([names.length, counts.length]).toEqual([1, 1]);
    const values = await Promise.all([...names, ...counts].map((name) => redis.command("GET", name)));
    expect(values).toEqual(["4", "2"]);
    const lives = await Promise.all([...names, ...counts].map((name) => redis.command("PTTL", name)));
    for (const ms of lives) expect(Number(ms)).toBeGreaterThan(0);
    expect([...names, ...counts].join(" ")).not.toMatch(/private|secret|by-key|first-two/);
  });

  test("while Redis is away each node counts its own, and no call waits", async () => {
    const redis = await redisOf(program);
    const [a, b] = await startNodes(redis, 2, twoFail);
    await redis.kill();
    expect([await statusOf(a, "hello"), await statusOf(a, "hello"), await statusOf(a, "hello")]).toEqual([
      503, 503, 200,
    ]);
    expect(await statusOf(b, "hello")).toBe(503);
  });
});
