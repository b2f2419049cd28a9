import { afterEach, expect, test } from "vitest";
import type { BudgetUse } from "../../../src/core/budgets/types.ts";
import { startBehindEnvoy, type BehindEnvoy } from "../../support/programs/behind-envoy.ts";
import { findEnvoy } from "../../support/programs/envoy.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { until } from "../../support/node.ts";
import { chatEvents, sse, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

const stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

describeWith("envoy", findEnvoy(), "budgets of upstreams through a real Envoy", (place) => {
  type Placed = { readonly upstream: ScriptedUpstream; readonly behind: BehindEnvoy };

  async function start(budget: object): Promise<Placed> {
    const upstream = await startUpstream(sse(chatEvents(["of", " the", " provider"])));
    stops.push(() => upstream.stop());
    const behind = await startBehindEnvoy(
      place,
      { extProc: {}, upstreams: { house: { url: upstream.url, budget } }, default: { serve: "forward" } },
      { upstreams: { house: upstream.port } },
    );
    stops.push(() => behind.stop());
    return { upstream, behind };
  }

  test("what is spent is refused as a quota, and Envoy asks the provider no more", async () => {
    const { upstream, behind } = await start({ callsPerHour: 2 });
    const statuses: number[] = [];
    for (let n = 0; n < 3; n += 1) {
      const response = await behind.chat({}, { stream: true });
      statuses.push(response.status);
      const text = await response.text();
      if (response.status === 429) expect(text).toContain("insufficient_quota");
    }
    expect(statuses).toEqual([200, 200, 429]);
    expect(upstream.received).toHaveLength(2);
  });

  test("with `simulate` a stand-in responds once it is spent", async () => {
    const { upstream, behind } = await start({ callsPerHour: 1, whenSpent: "simulate" });
    await (await behind.chat({}, { stream: true })).text();
    const response = await behind.chat({}, { stream: true });
    expect([response.status, response.headers.get("x-stuntdouble-decision")]).toEqual([200, "stand-in"]);
    await response.text();
    expect(upstream.received).toHaveLength(1);
  });

  test("tokens of a response that Envoy shows are counted", async () => {
    const { behind } = await start({ tokensPerDay: 1_000_000 });
    await (await behind.chat({}, { stream: true })).text();
    const used = await until("tokens", async () => {
      const { budgets } = await behind.node.admin<{ budgets: BudgetUse[] }>("/admin/v1/budgets");
      // The prompt is counted when the call is sent, the response when it has ended.
      return budgets.find(({ used }) => used > 3);
    });
    expect(used).toMatchObject({ upstream: "house", kind: "tokensPerDay" });
  });
});
