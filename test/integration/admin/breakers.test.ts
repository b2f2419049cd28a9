import { settingsOf } from "../../../src/config/load.ts";
import { expect, onTestFinished, test } from "vitest";
import { nodeConfig, startNode, until, type Node } from "../../support/node.ts";
import { json, nowhere, startUpstream } from "../../support/upstream.ts";

async function setUp(workers: number, whenOpen = "fail"): Promise<Node> {
  const upstream = await startUpstream(json({}));
  const upstreams = { openai: { url: upstream.url, breaker: { whenOpen } } };
  const node = await startNode({ upstreams, default: { serve: "forward" } }, { workers });
  onTestFinished(async () => {
    await node.stop();
    await upstream.stop();
  });
  return node;
}

async function change(node: Node, method: "POST" | "DELETE", upstream: string, body?: object): Promise<Response> {
  const json =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  return await fetch(`${node.adminUrl}/admin/v1/breakers/${upstream}`, { method, ...json });
}

/** The statuses of calls, each over a connection of its own, so that every event loop gets some. */
async function statusesOf(node: Node, calls = 12): Promise<number[]> {
  const body = JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "hi" }] });
  const headers = { "content-type": "application/json", connection: "close" };
  const one = async () => (await fetch(`${node.url}/v1/chat/completions`, { method: "POST", headers, body })).status;
  return [...new Set(await Promise.all(Array.from({ length: calls }, one)))];
}

const forced = { state: "open", forMs: 60_000 };

test("a breaker that is forced open keeps calls away in every event loop, until it is released", async () => {
  const node = await setUp(2);
  expect(await statusesOf(node)).toEqual([200]);
  expect((await change(node, "POST", "openai", forced)).status).toBe(200);
  expect(await statusesOf(node)).toEqual([503]);
  expect((await change(node, "DELETE", "openai")).status).toBe(200);
  expect(await statusesOf(node)).toEqual([200]);
}, 60_000);

test("with whenOpen: simulate the simulator stands in", async () => {
  const node = await setUp(1, "simulate");
  await change(node, "POST", "openai", forced);
  await statusesOf(node, 1);
  expect(await node.metric('stuntdouble_stand_ins_total{upstream="openai"}')).toBe(1);
});

test("status, metrics, the list and the audit log say that it is forced", async () => {
  const node = await setUp(1);
  await change(node, "POST", "openai", forced);
  expect(await node.admin("/admin/v1/status")).toMatchObject({
    breakers: { openai: "open" },
    forcedBreakers: { openai: { state: "open" } },
  });
  expect(await node.metric('stuntdouble_breaker_forced{upstream="openai",state="open"}')).toBe(1);
  expect(await node.metric('stuntdouble_breaker_state{upstream="openai"}')).toBe(1);
  expect(await node.admin("/admin/v1/breakers")).toMatchObject({
    breakers: [{ upstream: "openai", state: "open", forced: { by: "127.0.0.1" }, changes: [{ why: "forced" }] }],
  });
  expect(await node.admin("/admin/v1/audit")).toMatchObject({
    entries: [{ what: "breaker forced open for 60000 ms", by: "127.0.0.1", upstream: "openai" }],
  });
});

test("it ends by itself", async () => {
  const node = await setUp(1);
  await change(node, "POST", "openai", { ...forced, forMs: 1000 });
  await until("a released breaker", async () => {
    const { breakers } = await node.admin<{ breakers: { openai: string } }>("/admin/v1/status");
    return breakers.openai === "closed" ? true : undefined;
  });
  expect(await statusesOf(node, 1)).toEqual([200]);
});

test("it stays forced when the configuration changes its upstream", async () => {
  const configured = (resetMs: number) =>
    nodeConfig({ upstreams: { openai: { url: nowhere, breaker: { resetMs } } }, default: { serve: "forward" } });
  const node = await startNode(configured(1000), {
    load: async () => ({ ok: true, settings: await settingsOf(configured(2000), {}) }),
  });
  onTestFinished(async () => void (await node.stop()));
  await change(node, "POST", "openai", forced);
  expect((await node.app.reload({ from: "api" })).ok).toBe(true);
  expect(await statusesOf(node, 1)).toEqual([503]);
});

test.each([
  [{}, ["state", "forMs"]],
  [{ state: "half-open", forMs: 1 }, ["state", "forMs"]],
  [{ state: "open", forMs: 86_400_001 }, ["forMs"]],
  [{ ...forced, for: "1m" }, [""]],
])("%j is refused with the path of everything that is wrong", async (body, paths) => {
  const node = await setUp(1);
  const response = await change(node, "POST", "openai", body);
  const { errors } = (await response.json()) as { errors: { path: string }[] };
  expect([response.status, errors.map(({ path }) => path)]).toEqual([400, paths]);
});

test("an unknown upstream gets 404, and one that is not forced cannot be released", async () => {
  const node = await setUp(1);
  expect((await change(node, "POST", "nobody", forced)).status).toBe(404);
  expect((await change(node, "DELETE", "openai")).status).toBe(409);
});
