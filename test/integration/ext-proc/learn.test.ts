import { afterAll, beforeAll, expect, test } from "vitest";
import { startBehindEnvoy, type BehindEnvoy } from "../../support/programs/behind-envoy.ts";
import { findEnvoy } from "../../support/programs/envoy.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { learnedFrom } from "../../support/records/dying-provider.ts";
import { chatEvents, sse, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

describeWith("envoy", findEnvoy(), "learning from calls through a real Envoy", (place) => {
  let provider: ScriptedUpstream;
  let behind: BehindEnvoy;
  beforeAll(async () => {
    provider = await startUpstream(sse(chatEvents(["a", "b", "c", "d"]), { gapMs: 8 }));
    behind = await startBehindEnvoy(
      place,
      {
        upstreams: { house: { url: provider.url } },
        learning: { minCalls: 20, refreshMs: 100 },
        default: { serve: "forward", profile: { learn: "house" } },
      },
      { upstreams: { house: provider.port } },
    );
  });
  afterAll(async () => {
    await behind.stop();
    await provider.stop();
  });

  test("a profile is learned from the streams that Envoy shows, and simulates with their timing", async () => {
    for (let count = 0; count < 25; count += 1) await (await behind.chat({}, { stream: true })).text();
    expect(await learnedFrom(behind.node, 25)).toMatchObject({ upstream: "house", model: "gpt-4o", isEnough: true });
    const simulated = await behind.chat({ "x-stuntdouble": "simulate" }, { stream: true });
    expect(await simulated.text()).toContain("[DONE]");
    const [last] = await behind.node.outcomes(26);
    expect(last).toMatchObject({ mode: "simulated", profile: "learned-house-gpt-4o" });
  });
});
