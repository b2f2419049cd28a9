import { afterEach, expect, test } from "vitest";
import { startNode, until, type Node } from "../../support/node.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { redisServer, startRedis, type Redis } from "../../support/programs/redis.ts";

const stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

async function redisOf(program: string): Promise<Redis> {
  const redis = await startRedis(program);
  stops.push(redis.stop);
  return redis;
}

async function nodeAt(redis: Redis, more: Record<string, unknown> = {}): Promise<Node> {
  const node = await startNode({ shared: { redis: { url: redis.url, timeoutMs: 2000 } }, ...more });
  stops.push(() => node.stop());
  return node;
}

const experiment = {
  name: "errors",
  durationMs: 600_000,
  guardrails: [],
  faults: [{ kind: "status", status: 503 }],
  percentage: 100,
};

type Listed = {
  readonly killSwitch: boolean;
  readonly experiments: { id: string; name: string; state: string; by: string }[];
};
const listed = (node: Node): Promise<Listed> => node.admin("/admin/v1/experiments");

async function post(
  node: Node,
  path: string,
  body?: object,
): Promise<{ readonly status: number; readonly id?: string }> {
  const response = await fetch(node.adminUrl + path, {
    method: "POST",
    ...(body !== undefined && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  return { ...((await response.json()) as object), status: response.status };
}

const states = async (node: Node): Promise<string[]> => (await listed(node)).experiments.map(({ state }) => state);
const become = (node: Node, wanted: readonly string[]) =>
  until(`the experiments to be ${wanted.join()}`, async () =>
    (await states(node)).join() === wanted.join() ? true : undefined,
  );
const switched = (node: Node, on: boolean) =>
  until(`the kill switch ${on}`, async () => ((await listed(node)).killSwitch === on ? true : undefined));

async function statusOf(node: Node): Promise<number> {
  const response = await fetch(`${node.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-4o", max_tokens: 2, messages: [{ role: "user", content: "hello" }] }),
  });
  await response.arrayBuffer();
  return response.status;
}

describeWith("redis-server", redisServer, "experiments over nodes", (program) => {
  test("an experiment that is started on one node acts on all, on those that start later, and ends on all", async () => {
    const redis = await redisOf(program);
    const [a, b] = [await nodeAt(redis), await nodeAt(redis)];
    const started = await post(a, "/admin/v1/experiments", experiment);
    expect(started.status).toBe(201);
    await become(b, ["running"]);
    expect(await statusOf(b)).toBe(503);
    const late = await nodeAt(redis);
    expect(await states(late)).toEqual(["running"]);
    expect(await statusOf(late)).toBe(503);
    await fetch(`${b.adminUrl}/admin/v1/experiments/${started.id}`, { method: "DELETE" });
    for (const node of [a, b, late]) await become(node, ["stopped"]);
    expect(await statusOf(a)).toBe(200);
    expect((await listed(a)).experiments[0]).toMatchObject({ stoppedBy: expect.stringContaining("another node") });
  });

  test("the kill switch of one node is that of all, and of those that start later; so is its end", async () => {
    const redis = await redisOf(program);
    const [a, b] = [await nodeAt(redis), await nodeAt(redis)];
    await post(a, "/admin/v1/experiments", experiment);
    await become(b, ["running"]);
    await post(b, "/admin/v1/experiments/stop");
    await switched(a, true);
    await become(a, ["stopped"]);
    const late = await nodeAt(redis);
    expect((await listed(late)).killSwitch).toBe(true);
    expect((await post(late, "/admin/v1/experiments", experiment)).status).toBe(409);
    await post(late, "/admin/v1/experiments/resume");
    for (const node of [a, b]) await switched(node, false);
  });

  test("without Redis what is known goes on, the kill switch works, and all of it is told when Redis is back, though empty", async () => {
    const redis = await redisOf(program);
    const [a, b] = [await nodeAt(redis), await nodeAt(redis)];
    await post(a, "/admin/v1/experiments", experiment);
    await become(b, ["running"]);
    await redis.kill();
    expect(await statusOf(b)).toBe(503);
    await post(a, "/admin/v1/experiments/stop");
    expect(await statusOf(a)).toBe(200);
    expect((await listed(b)).killSwitch).toBe(false);
    await redis.start();
    await switched(b, true);
    await become(b, ["stopped"]);
  });

  test("a node that ends leaves the experiment to the others", async () => {
    const redis = await redisOf(program);
    const [a, b] = [await nodeAt(redis), await nodeAt(redis)];
    await post(a, "/admin/v1/experiments", experiment);
    await become(b, ["running"]);
    await a.stop();
    await until("one node", async () => ((await b.metric("stuntdouble_fleet_nodes")) === 1 ? true : undefined));
    expect(await states(b)).toEqual(["running"]);
  });

  test("experiments of the configuration are started once for all nodes", async () => {
    const redis = await redisOf(program);
    const configured = { chaos: { autostart: true }, experiments: [experiment] };
    const [a, b] = [await nodeAt(redis, configured), await nodeAt(redis, configured)];
    expect([await states(a), await states(b)]).toEqual([["running"], ["running"]]);
    const ids = [(await listed(a)).experiments[0]?.id, (await listed(b)).experiments[0]?.id];
    expect(ids[0]).toBe(ids[1]);
  });

  test("an experiment that a node cannot run is told in its log, and runs on the others", async () => {
    const redis = await redisOf(program);
    const a = await nodeAt(redis, { auth: { mode: "identify", keys: [{ name: "team-a", sha256: "a".repeat(64) }] } });
    const b = await nodeAt(redis);
    await post(a, "/admin/v1/experiments", { ...experiment, match: { key: "team-a" } });
    await until("the line", async () =>
      b.logLines().some((line) => line.includes("does not run on this one")) ? true : undefined,
    );
    expect([await states(a), await states(b)]).toEqual([["running"], []]);
  });

  test("nodes know each other, and it is told when their configurations differ", async () => {
    const redis = await redisOf(program);
    const [a, b] = [await nodeAt(redis), await nodeAt(redis)];
    type Nodes = {
      readonly differ: boolean;
      readonly redisUp: boolean;
      readonly nodes: { hash: string; isThis: boolean }[];
    };
    const { nodes, differ, redisUp } = await until("two nodes", async () => {
      const found = await a.admin<Nodes>("/admin/v1/nodes");
      return found.nodes.length === 2 ? found : undefined;
    });
    expect({ differ, redisUp, own: nodes.filter(({ isThis }) => isThis).length }).toEqual({
      differ: false,
      redisUp: true,
      own: 1,
    });
    await b.stop();
    await until("one node", async () => ((await a.metric("stuntdouble_fleet_nodes")) === 1 ? true : undefined));
    expect(await a.metric("stuntdouble_fleet_config_hashes")).toBe(1);
    const other = JSON.stringify({ version: "9", host: "other", generation: 3, hash: "abc", startedAtMs: 0 });
    const [seconds] = (await redis.command("TIME")) as [string];
    await redis.command("HSET", "stuntdouble:nodes", "other-1", `${seconds}000 ${other}`);
    await until("two hashes", async () =>
      (await a.metric("stuntdouble_fleet_config_hashes")) === 2 ? true : undefined,
    );
  });
});
