import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { startNode, until, type Node } from "../../support/node.ts";
import { chatResponse, json, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

/** A window that ends in a test gives its budget back. */
beforeEach(async () => {
  const leftMs = 3_600_000 - (Date.now() % 3_600_000);
  if (leftMs < 20_000) await new Promise((resolve) => setTimeout(resolve, leftMs));
}, 30_000);

async function startOne(): Promise<ScriptedUpstream> {
  const upstream = await startUpstream(json(chatResponse("Hello")));
  onTestFinished(() => upstream.stop());
  return upstream;
}

async function start(config: Readonly<Record<string, unknown>>, workers = 1, folder?: string): Promise<Node> {
  const node = await startNode(config, { workers, ...(folder !== undefined && { folder }) });
  onTestFinished(async () => void (await node.stop()));
  return node;
}

async function ask({ url }: Node): Promise<Response> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    // Each call may reach another event loop.
    headers: { "content-type": "application/json", connection: "close" },
    body: JSON.stringify({ model: "gpt-4o-mini", messages: [{ role: "user", content: "Hi" }] }),
  });
  await response.text();
  return response;
}

async function askAll(node: Node, calls: number): Promise<(string | null)[]> {
  const responses = await Promise.all(Array.from({ length: calls }, () => ask(node)));
  return responses.map((response) => response.headers.get("x-stuntdouble-decision"));
}

type Budgets = {
  readonly budgets: readonly { readonly kind: string; readonly used: number; readonly ratio: number }[];
};

describe("with two event loops", () => {
  test("exactly so many calls reach the upstream, and the simulator stands in for all others", async () => {
    const upstream = await startOne();
    const budget = { callsPerHour: 7, whenSpent: "simulate" };
    const node = await start(
      { upstreams: { openai: { url: upstream.url, budget } }, default: { serve: "forward" } },
      2,
    );
    const decisions = await askAll(node, 40);
    expect(upstream.received).toHaveLength(7);
    expect(decisions.filter((decision) => decision === "forward")).toHaveLength(7);
    expect(decisions.filter((decision) => decision === "stand-in")).toHaveLength(33);
    await node.outcomes(40);
    expect(await node.metric('stuntdouble_budget_spent_calls_total{upstream="openai",result="simulated"}')).toBe(33);
    expect(await node.metric('stuntdouble_budget_used_ratio{upstream="openai",kind="callsPerHour"}')).toBe(1);
    expect(await node.metric('stuntdouble_errors_total{upstream="openai",cause="BUDGET_SPENT"}')).toBe(0);
  });

  test("calls and copies of a mirror together reach the upstream no more often than agreed", async () => {
    const [served, shadowed] = [await startOne(), await startOne()];
    const node = await start(
      {
        upstreams: { a: { url: served.url }, b: { url: shadowed.url, budget: { callsPerHour: 5 } } },
        rules: [{ name: "b", match: { header: { "x-to": "b" } }, serve: "forward", upstream: "b" }],
        default: { serve: "forward", upstream: "a", mirror: { upstream: "b" } },
      },
      2,
    );
    await askAll(node, 20);
    expect(served.received).toHaveLength(20);
    await until("5 copies", () => (shadowed.received.length === 5 ? true : undefined));
    await node.outcomes(20);
    expect(await node.metric('stuntdouble_mirror_calls_total{upstream="b",result="budget-spent"}')).toBe(15);
    expect(await node.metric('stuntdouble_budget_spent_calls_total{upstream="b",result="not-copied"}')).toBe(15);
  });
});

test("what is spent is kept in a file across a restart", async () => {
  const upstream = await startOne();
  const folder = await mkdtemp(path.join(tmpdir(), "budgets-"));
  onTestFinished(async () => await rm(folder, { recursive: true }));
  const config = {
    upstreams: { openai: { url: upstream.url, budget: { callsPerHour: 3, usdPerDay: 5 } } },
    budgets: { file: "budgets.json" },
    default: { serve: "forward" },
  };
  const first = await start(config, 1, folder);
  expect(await askAll(first, 2)).toEqual(["forward", "forward"]);
  await first.outcomes(2);
  const { budgets: spent } = await first.admin<Budgets>("/admin/v1/budgets");
  await first.stop();
  const second = await start(config, 1, folder);
  const { budgets: kept } = await second.admin<Budgets>("/admin/v1/budgets");
  expect(kept).toEqual(spent);
  expect(kept[1]?.used).toBeGreaterThan(0);
  expect(new Set(await askAll(second, 2))).toEqual(new Set(["error", "forward"]));
  expect(upstream.received).toHaveLength(3);
});

test("records and the cost metric tell what calls have cost", async () => {
  const upstream = await startOne();
  upstream.script(
    json({ ...chatResponse("Hello"), usage: { prompt_tokens: 1_000_000, completion_tokens: 1_000_000 } }),
  );
  const node = await start({
    upstreams: { openai: { url: upstream.url, budget: { usdPerDay: 5 } } },
    records: {},
    default: { serve: "forward" },
  });
  await ask(node);
  await node.outcomes(1);
  expect(await node.metric('stuntdouble_cost_usd_total{upstream="openai"}')).toBe(0.75);
  const record: unknown = JSON.parse(await (await fetch(`${node.adminUrl}/admin/v1/records`)).text());
  expect(record).toMatchObject({ costUsd: 0.75, upstream: "openai" });
  expect(node.logLines().find((line) => line.includes('"msg":"call"'))).toContain('"costUsd":0.75');
});
