import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import type { Node, NodeOptions } from "../../support/node.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { redisServer, startRedis, type Redis } from "../../support/programs/redis.ts";
import { askMany, learnedFrom, startLearningNode, startTimedProvider } from "../../support/records/dying-provider.ts";
import type { ScriptedUpstream } from "../../support/upstream.ts";

const stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

async function begin(program: string): Promise<{ readonly redis: Redis; readonly provider: ScriptedUpstream }> {
  const redis = await startRedis(program);
  const provider = await startTimedProvider();
  stops.push(redis.stop, () => provider.stop());
  return { redis, provider };
}

async function nodeOf(redis: Redis, { url }: ScriptedUpstream, options: NodeOptions = {}, file = {}): Promise<Node> {
  const more = { shared: { redis: { url: redis.url, timeoutMs: 500 } } };
  const node = await startLearningNode(url, { minCalls: 20, refreshMs: 300, ...file }, { ...options, more });
  stops.push(() => node.stop());
  return node;
}

describeWith("redis-server", redisServer, "learning over nodes", (program) => {
  test("a node without calls uses what another has seen", async () => {
    const { redis, provider } = await begin(program);
    const [a, b] = [await nodeOf(redis, provider), await nodeOf(redis, provider)];
    await askMany(a, 40, 4);
    expect(await learnedFrom(b, 25)).toMatchObject({ upstream: "house", model: "house-model", isEnough: true });
  });

  test("a node that starts later has what all have seen before its first call", async () => {
    const { redis, provider } = await begin(program);
    const a = await nodeOf(redis, provider);
    await askMany(a, 40, 4);
    await learnedFrom(a, 40);
    await a.stop();
    const later = await nodeOf(redis, provider);
    const { models } = await later.admin<{ models: { calls: number; isEnough: boolean }[] }>(
      "/admin/v1/profiles/learned",
    );
    expect(models).toMatchObject([{ isEnough: true }]);
  });

  test("what a node has in its file and hears from others counts once", async () => {
    const { redis, provider } = await begin(program);
    const folder = await mkdtemp(path.join(tmpdir(), "learned-"));
    stops.push(() => rm(folder, { recursive: true }));
    const a = await nodeOf(redis, provider, { folder }, { file: "learned.ndjson" });
    await askMany(a, 30, 4);
    await learnedFrom(a, 30);
    await a.stop();
    expect((await readFile(path.join(folder, "learned.ndjson"), "utf8")).trim().split("\n")).toHaveLength(30);
    const again = await nodeOf(redis, provider, { folder }, { file: "learned.ndjson" });
    expect((await learnedFrom(again, 30)).calls).toBe(30);
  });

  test("while Redis is away a node learns from its own calls", async () => {
    const { redis, provider } = await begin(program);
    const a = await nodeOf(redis, provider);
    await redis.kill();
    await askMany(a, 25, 4);
    expect(await learnedFrom(a, 25)).toMatchObject({ isEnough: true });
  });

  test("numbers alone are told, for a day", async () => {
    const { redis, provider } = await begin(program);
    const a = await nodeOf(redis, provider);
    await askMany(a, 25, 4);
    const b = await nodeOf(redis, provider);
    await learnedFrom(b, 20);
    expect(JSON.stringify(await redis.command("XRANGE", "stuntdouble:learned", "-", "+"))).not.toContain("Canary");
    const lives = Number(await redis.command("PTTL", "stuntdouble:learned"));
    expect(lives).toBeGreaterThan(0);
    expect(lives).toBeLessThanOrEqual(86_400_000);
  });
});
