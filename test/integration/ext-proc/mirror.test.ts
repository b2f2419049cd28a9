import { afterAll, beforeAll, expect, test } from "vitest";
import type { TrafficRecord } from "../../../src/core/records/types.ts";
import { startBehindEnvoy, type BehindEnvoy } from "../../support/programs/behind-envoy.ts";
import { findEnvoy } from "../../support/programs/envoy.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { until } from "../../support/node.ts";
import { chatEvents, sse, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

describeWith("envoy", findEnvoy(), "copies of calls through a real Envoy", (place) => {
  let first: ScriptedUpstream;
  let second: ScriptedUpstream;
  let behind: BehindEnvoy;
  beforeAll(async () => {
    first = await startUpstream(sse(chatEvents(["of", " first"])));
    second = await startUpstream(sse(chatEvents(["of", " second", "!"])));
    behind = await startBehindEnvoy(
      place,
      {
        extProc: {},
        upstreams: { first: { url: first.url }, second: { url: second.url, apiKeyEnv: "SECOND_KEY" } },
        records: {},
        default: { serve: "forward", upstream: "first", mirror: { upstream: "second" } },
      },
      { upstreams: { first: first.port, second: second.port } },
      { SECOND_KEY: "sk-second" },
    );
  });
  afterAll(async () => {
    await behind.stop();
    await Promise.all([first.stop(), second.stop()]);
  });

  test("the sidecar sends the copy itself, and the record has both sides", async () => {
    const response = await behind.chat({ authorization: "Bearer canary" }, { stream: true });
    expect(await response.text()).toContain(" first");
    const record = await until("a record", async () => {
      const text = await (await fetch(`${behind.node.adminUrl}/admin/v1/records`)).text();
      const [line = ""] = text.split("\n");
      const found: TrafficRecord | undefined = line === "" ? undefined : JSON.parse(line);
      return found;
    });
    expect(record).toMatchObject({
      upstream: "first",
      actual: { outputTokens: 2 },
      mirror: { from: "upstream", name: "second", outputTokens: 3 },
    });
    const [copy] = second.received;
    expect(copy?.headers).toMatchObject({ authorization: "Bearer sk-second", "x-stuntdouble-shadow": "1" });
    expect(JSON.stringify(copy?.rawHeaders)).not.toContain("canary");
  });
});
