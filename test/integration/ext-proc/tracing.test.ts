import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../../support/node.ts";
import { startBehindEnvoy, type BehindEnvoy } from "../../support/programs/behind-envoy.ts";
import { findEnvoy } from "../../support/programs/envoy.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { startOtlpSink, type OtlpSink, type SinkSpan } from "../../support/tracing/otlp-sink.ts";
import { chatResponse, json, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;

describeWith("envoy", findEnvoy(), "traces through Envoy", (place) => {
  let upstream: ScriptedUpstream;
  let sink: OtlpSink;
  let behind: BehindEnvoy;
  beforeAll(async () => {
    upstream = await startUpstream(json(chatResponse("Hello")));
    sink = await startOtlpSink();
    const config = {
      upstreams: { openai: { url: upstream.url } },
      rules: [{ name: "real", match: { header: { "x-env": "real" } }, serve: "forward", upstream: "openai" }],
      tracing: { endpoint: sink.url, delayMs: 10 },
    };
    behind = await startBehindEnvoy(place, config, { upstreams: { openai: upstream.port } });
  }, 60_000);
  afterAll(async () => {
    await behind?.stop();
    await sink?.stop();
    await upstream?.stop();
  });

  async function spanOf(id: string): Promise<SinkSpan> {
    return await until(`the span of ${id}`, async () =>
      (await sink.spans(0)).find(({ attributes }) => attributes["stuntdouble.request_id"] === id),
    );
  }

  test("a forwarded call is the child of the caller's span, and Envoy sends ours on", async () => {
    const response = await behind.chat({ traceparent, "x-env": "real", "x-request-id": "forwarded" });
    await response.text();
    const span = await spanOf("forwarded");
    expect(span).toMatchObject({ traceId, parentSpanId: "b7ad6b7169203331", name: "chat gpt-4o" });
    expect(span.attributes["stuntdouble.mode"]).toBe("real");
    const { headers } = await upstream.request(0);
    expect(headers["traceparent"]).toBe(`00-${traceId}-${span.spanId}-01`);
  });

  test("a simulated call has its span, too", async () => {
    const response = await behind.chat({ traceparent, "x-request-id": "simulated", "x-stuntdouble": "tokens=3" });
    await response.text();
    const span = await spanOf("simulated");
    expect(span.traceId).toBe(traceId);
    expect(span.attributes).toMatchObject({ "stuntdouble.mode": "simulated", "gen_ai.usage.output_tokens": 3 });
  });
});
