import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { ShadowReport } from "../../../src/core/shadow/store.ts";
import { startNode, type Node } from "../../support/node.ts";
import { chatBody, postText, rawRequest } from "../../support/raw.ts";
import {
  chatResponse,
  chatEvents,
  hang,
  json,
  sse,
  startUpstream,
  type ScriptedUpstream,
} from "../../support/upstream.ts";

let upstream: ScriptedUpstream;
let node: Node;
beforeAll(async () => {
  upstream = await startUpstream(hang);
});
afterEach(() => node.stop());
afterAll(() => upstream.stop());

const mirrored = async (): Promise<Node> =>
  (node = await startNode(
    {
      upstreams: { openai: { url: upstream.url, apiKeyEnv: "REAL_KEY" } },
      rules: [{ name: "watched", match: { model: "gpt-4o" }, serve: "forward", mirror: "simulate", profile: "gpt-4o" }],
      default: { serve: "forward" },
    },
    { env: { REAL_KEY: "sk" } },
  ));

const ask = (more: object = {}) =>
  rawRequest(
    node.port,
    postText("/v1/chat/completions", chatBody(more as Record<string, unknown>), ["connection: close"]),
  );

test("a mirrored call is served by the upstream alone, asked once, and not made slower by the mirror", async () => {
  await mirrored();
  upstream.script(sse(chatEvents(["one", "two", "three"])));
  const before = upstream.received.length;
  const response = await ask({ stream: true });
  expect(response.body).toBe(chatEvents(["one", "two", "three"]).join(""));
  expect(response.headers).toMatchObject({ "x-stuntdouble-decision": "forward", "x-stuntdouble-rule": "watched" });
  expect(upstream.received.length - before).toBe(1);
  const [outcome] = await node.outcomes();
  expect(outcome!.shadow!.simulated.totalMs).toBeGreaterThan(2 * outcome!.actual.totalMs);
});

test("its outcome holds the timelines of both sides", async () => {
  await mirrored();
  upstream.script(sse(chatEvents(["one", "two", "three"]), { gapMs: 20 }));
  await ask({ stream: true, max_tokens: 50 });
  const [outcome] = await node.outcomes();
  const { real, simulated } = outcome!.shadow!;
  expect(outcome).toMatchObject({
    mode: "real",
    profile: "gpt-4o",
    rule: "watched",
    promptTokens: expect.any(Number) as number,
  });
  expect(real.tokens).toBe(3);
  expect(real.atMs).toHaveLength(3);
  expect(real.atMs).toEqual([...real.atMs].sort((a, b) => a - b));
  expect(real.ttftMs).toBe(real.atMs[0]);
  expect(real.totalMs).toBeGreaterThanOrEqual(real.atMs[2]!);
  expect(simulated.atMs).toHaveLength(simulated.tokens);
  expect(simulated.tokens).toBeLessThanOrEqual(50);
  expect(simulated.totalMs).toBeGreaterThan(simulated.ttftMs!);
  expect(outcome!.planned).toEqual(simulated);
});

test("a response in one piece counts its tokens by the provider's usage", async () => {
  await mirrored();
  upstream.script(json(chatResponse("hello")));
  await ask();
  const [outcome] = await node.outcomes();
  expect(outcome!.shadow!.real).toMatchObject({ tokens: 3, atMs: [] });
  expect(outcome!.shadow!.simulated.atMs).toEqual([]);
  expect(outcome!.stream).toBe(false);
});

test("the admin API puts both sides next to each other, for each model and streamed or not, with their number", async () => {
  await mirrored();
  upstream.script(sse(chatEvents(["one", "two", "three"]), { gapMs: 2 }));
  for (let count = 0; count < 5; count += 1) await ask({ stream: true });
  upstream.script(json(chatResponse("hello")));
  for (let count = 0; count < 3; count += 1) await ask();
  await ask({ model: "another" });
  const { strata } = await node.admin<ShadowReport>("/admin/v1/shadow");
  expect(strata.map(({ model, stream, pairs }) => [model, stream, pairs])).toEqual([
    ["gpt-4o", true, 5],
    ["gpt-4o", false, 3],
  ]);
  const [streamed, whole] = strata;
  expect(streamed!.measures.ttftMs?.real.n).toBe(5);
  expect(streamed!.measures.ttftMs?.simulated.n).toBe(5);
  expect(streamed!.measures.gapMs?.real.n).toBe(10);
  expect(whole!.measures.ttftMs).toBeUndefined();
  expect(whole!.measures.totalMs?.simulated.n).toBe(3);
  for (const side of ["real", "simulated"] as const) {
    const { p50, p90, p95, p99 } = streamed!.measures.totalMs![side];
    expect([p50, p90, p95, p99]).toEqual([p50, p90, p95, p99].sort((a, b) => a! - b!));
  }
  expect(await node.metric("stuntdouble_shadow_pairs_total")).toBe(8);
  expect(await node.metric('stuntdouble_time_to_first_token_seconds_count{mode="simulated",model="gpt-4o"}')).toBe(5);
  expect(await node.metric('stuntdouble_time_to_first_token_seconds_count{mode="real",model="gpt-4o"}')).toBe(5);
});

test("calls that did not end well are not compared", async () => {
  await mirrored();
  upstream.script(json({ error: {} }, { status: 429 }));
  await ask();
  upstream.script(sse(chatEvents(["one"]).slice(0, 2), { ending: "reset", gapMs: 5 }));
  await ask({ stream: true });
  expect((await node.outcomes(2)).every(({ shadow }) => shadow === undefined)).toBe(true);
  expect(await node.admin("/admin/v1/shadow")).toEqual({ strata: [] });
});

test("a request that only the provider understands is forwarded all the same", async () => {
  await mirrored();
  upstream.script(json(chatResponse("hello")));
  expect((await ask({ messages: "something new" })).status).toBe(200);
  expect((await node.outcomes())[0]!.shadow).toBeUndefined();
});
