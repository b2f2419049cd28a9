import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { startNode, until, type Node } from "../../support/node.ts";
import { chatBody } from "../../support/raw.ts";
import { collectorName, startCollector } from "../../support/programs/otelcol.ts";
import { startOtlpSink, type OtlpSink, type SinkSpan } from "../../support/tracing/otlp-sink.ts";
import { chatEvents, nowhere, sse, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

type Headers = Readonly<Record<string, string>>;

const traceId = "0af7651916cd43dd8448eb211c80319c";
const parentId = "b7ad6b7169203331";
const sampled = `00-${traceId}-${parentId}-01`;
const unsampled = `00-${traceId}-${parentId}-00`;

let upstream: ScriptedUpstream;
let sink: OtlpSink;
beforeAll(async () => {
  upstream = await startUpstream(sse(chatEvents(["one", "two", "three"]), { gapMs: 1 }));
  sink = await startOtlpSink();
});
afterAll(async () => {
  await sink.stop();
  await upstream.stop();
});

/** Starts a node whose spans leave soon. */
async function traced(
  tracing: object = {},
  options: { workers?: number; env?: Headers } = {},
  config: object = {},
): Promise<Node> {
  const node = await startNode(
    {
      upstreams: { openai: { url: upstream.url }, down: { url: "http://127.0.0.1:1" } },
      control: { enabled: true },
      rules: [
        { name: "real", match: { header: { "x-env": "real" } }, serve: "forward", upstream: "openai" },
        { name: "down", match: { header: { "x-env": "down" } }, serve: "forward", upstream: "down" },
      ],
      ...config,
      tracing: { endpoint: sink.url, delayMs: 10, ...tracing },
    },
    options,
  );
  onTestFinished(async () => void (await node.stop()));
  return node;
}

async function call({ url }: Pick<Node, "url">, headers: Headers = {}, stream = true): Promise<void> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: chatBody({ stream }),
  });
  await response.text();
}

/** The span of a call, once the collector has it. */
async function spanOf(id: string): Promise<SinkSpan> {
  return await until(`the span of ${id}`, async () =>
    (await sink.spans(0)).find(({ attributes }) => attributes["stuntdouble.request_id"] === id),
  );
}

describe("the span of a call", () => {
  test("has what the conventions for generative AI ask for", async () => {
    const node = await traced({ serviceName: "sidecar" });
    await call(node, { "x-request-id": "conventions", "x-stuntdouble": "tokens=5" });
    const span = await spanOf("conventions");
    expect(span.name).toBe("chat gpt-4o");
    expect(span.resource).toEqual({ "service.name": "sidecar" });
    expect(span.attributes).toMatchObject({
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "gpt-4o",
      "gen_ai.request.stream": true,
      "gen_ai.usage.output_tokens": 5,
      "gen_ai.response.time_to_first_chunk": expect.any(Number) as number,
      "http.response.status_code": 200,
      "stuntdouble.mode": "simulated",
    });
    expect(span.endMs).toBeGreaterThanOrEqual(span.startMs);
    expect(span.parentSpanId ?? "").toBe("");
    expect(span.status.code ?? 0).toBe(0);
  });

  test("is the child of the caller's, and the parent of the upstream's", async () => {
    const node = await traced();
    const before = upstream.received.length;
    const headers = { "x-request-id": "child", "x-env": "real", traceparent: sampled, tracestate: "vendor=1" };
    await call(node, headers);
    const span = await spanOf("child");
    expect(span).toMatchObject({ traceId, parentSpanId: parentId });
    const { headers: sent } = await upstream.request(before);
    expect(sent["traceparent"]).toBe(`00-${traceId}-${span.spanId}-01`);
    expect(sent["tracestate"]).toBe("vendor=1");
    expect(span.events.map(({ name }) => name)).toEqual(["stuntdouble.upstream_asked"]);
    const [outcome] = await node.outcomes();
    expect(outcome?.traceId).toBe(traceId);
  });

  test("of a trace that begins here has the trace id that the log and the journal tell", async () => {
    const node = await traced();
    await call(node, { "x-request-id": "begins" });
    const span = await spanOf("begins");
    const [outcome] = await node.outcomes();
    expect(outcome?.traceId).toBe(span.traceId);
  });

  test("tells of an injected fault at its time, and that the call failed", async () => {
    const node = await traced();
    await call(node, { "x-request-id": "fault", "x-stuntdouble": "fault=status;status=429" });
    const span = await spanOf("fault");
    expect(span.events).toEqual([{ name: "stuntdouble.fault", attributes: { "stuntdouble.fault": "status" } }]);
    expect(span.attributes).toMatchObject({ "error.type": "429", "stuntdouble.faults": "status" });
    expect(span.status.code).toBe(2);
  });

  test("tells why an upstream gave no response", async () => {
    const node = await traced();
    await call(node, { "x-request-id": "down", "x-env": "down" });
    const { events, attributes } = await spanOf("down");
    expect(events.map(({ name }) => name)).toEqual(["stuntdouble.upstream_asked", "stuntdouble.failed"]);
    expect(events[1]?.attributes).toEqual({ "stuntdouble.failed": "UPSTREAM_CONNECT" });
    expect(attributes["error.type"]).toBe("UPSTREAM_CONNECT");
  });
});

describe("the copy of a call", () => {
  const copying = {
    upstreams: { a: { url: nowhere }, b: { url: nowhere, apiKeyEnv: "B_KEY" } },
    default: { serve: "forward", upstream: "a", mirror: { upstream: "b" } },
  };

  /** A node that copies its calls to a second upstream, and that upstream. */
  async function copies(tracing: object = {}): Promise<{ readonly node: Node; readonly other: ScriptedUpstream }> {
    const other = await startUpstream(sse(chatEvents(["one", "two"]), { gapMs: 1 }));
    onTestFinished(() => other.stop());
    const upstreams = { a: { url: upstream.url }, b: { ...copying.upstreams.b, url: other.url } };
    return { node: await traced(tracing, { env: { B_KEY: "b" } }, { ...copying, upstreams, rules: [] }), other };
  }

  const spanOfCopy = async (callSpan: SinkSpan): Promise<SinkSpan> =>
    await until("the span of the copy", async () =>
      (await sink.spans(0)).find(({ links = [] }) => links.some(({ spanId }) => spanId === callSpan.spanId)),
    );

  test("has a span in a trace of its own, linked to that of the call, and names it to its upstream", async () => {
    const { node, other } = await copies();
    await call(node, { "x-request-id": "copied", traceparent: sampled, tracestate: "vendor=1" });
    const served = await spanOf("copied");
    const copy = await spanOfCopy(served);
    expect(copy.name).toBe("chat gpt-4o");
    expect(copy.traceId).not.toBe(traceId);
    expect(copy.links).toEqual([expect.objectContaining({ traceId, spanId: served.spanId })]);
    expect(copy.attributes).toMatchObject({
      "stuntdouble.mode": "copy",
      "stuntdouble.upstream": "b",
      "gen_ai.usage.output_tokens": 2,
      "gen_ai.response.time_to_first_chunk": expect.any(Number) as number,
      "http.response.status_code": 200,
    });
    const { headers } = await other.request(0);
    expect(headers["traceparent"]).toBe(`00-${copy.traceId}-${copy.spanId}-01`);
    expect(headers["tracestate"]).toBeUndefined();
  });

  test("that fails says so", async () => {
    const { node, other } = await copies();
    other.script((response) => void response.writeHead(500).end());
    await call(node, { "x-request-id": "failing-copy" });
    const copy = await spanOfCopy(await spanOf("failing-copy"));
    expect(copy.attributes["error.type"]).toBe("500");
    expect(copy.status.code).toBe(2);
  });

  test("is sampled where its call is", async () => {
    const { node, other } = await copies({ percentage: 0 });
    await call(node);
    expect((await other.request(0)).headers["traceparent"]).toMatch(/-00$/);
  });
});

test(`spans come through ${collectorName}`, async () => {
  const collector = await startCollector(sink);
  onTestFinished(() => collector.stop());
  const node = await traced({ endpoint: collector.url });
  await call(node, { "x-request-id": "collected", "x-stuntdouble": "fault=status;status=429" });
  const span = await spanOf("collected");
  expect(span.name).toBe("chat gpt-4o");
  expect(span.attributes).toMatchObject({ "gen_ai.provider.name": "openai", "stuntdouble.faults": "status" });
  expect(span.events.map(({ name }) => name)).toEqual(["stuntdouble.fault"]);
  expect(span.endMs).toBeGreaterThanOrEqual(span.startMs);
  await until("the count", async () =>
    (await node.metric("stuntdouble_trace_spans_exported_total")) === 1 ? true : undefined,
  );
});

describe("sampling", () => {
  test("the caller's traceparent decides, whatever the percentage says", async () => {
    const none = await traced({ percentage: 0 });
    await call(none, { "x-request-id": "unsampled-root" });
    await call(none, { "x-request-id": "sampled-parent", traceparent: sampled });
    await spanOf("sampled-parent");
    const all = await traced({ percentage: 100 });
    await call(all, { "x-request-id": "unsampled-parent", traceparent: unsampled });
    await call(all, { "x-request-id": "sampled-root" });
    await spanOf("sampled-root");
    const ids = (await sink.spans()).map(({ attributes }) => attributes["stuntdouble.request_id"]);
    expect(ids).not.toContain("unsampled-root");
    expect(ids).not.toContain("unsampled-parent");
  });

  test("a call that is not sampled tells its upstream so", async () => {
    const node = await traced({ percentage: 0 });
    const before = upstream.received.length;
    await call(node, { "x-env": "real" });
    const { headers } = await upstream.request(before);
    expect(headers["traceparent"]).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-00$/);
  });

  test("without tracing a traceparent passes as it is, and none is made", async () => {
    const node = await startNode({
      upstreams: { openai: { url: upstream.url } },
      default: { serve: "forward" },
    });
    onTestFinished(async () => void (await node.stop()));
    const before = upstream.received.length;
    await call(node, { traceparent: sampled });
    await call(node);
    expect((await upstream.request(before)).headers["traceparent"]).toBe(sampled);
    expect((await upstream.request(before + 1)).headers["traceparent"]).toBeUndefined();
    expect(await node.metrics()).not.toMatch(/^stuntdouble_trace_spans_\w+ /m);
  });
});

describe("the collector", () => {
  test("gets the headers of the environment variable, which are shown nowhere", async () => {
    const secret = "s3cret%20token";
    const node = await traced(
      { headersEnv: "OTLP_HEADERS" },
      { env: { OTLP_HEADERS: `authorization=Bearer%20${secret}` } },
    );
    const before = sink.requests.length;
    await call(node, { "x-request-id": "headers" });
    await spanOf("headers");
    expect(sink.requests[before]).toMatchObject({
      path: "/v1/traces",
      headers: { authorization: "Bearer s3cret token", "content-type": "application/json" },
    });
    const shown = [
      JSON.stringify(await node.admin("/admin/v1/config")),
      node.logLines().join("\n"),
      await node.metrics(),
    ];
    for (const text of shown) expect(text).not.toContain("s3cret");
  });

  test("is sent what all workers have to tell, and the spans that it takes are counted", async () => {
    const node = await traced({}, { workers: 2 });
    for (let count = 0; count < 8; count += 1)
      await call(node, { "x-request-id": `worker-${count}`, connection: "close" });
    for (let count = 0; count < 8; count += 1) await spanOf(`worker-${count}`);
    await until("the counts", async () =>
      (await node.metric("stuntdouble_trace_spans_exported_total")) === 8 ? true : undefined,
    );
    expect(await node.metric("stuntdouble_trace_spans_dropped_total")).toBe(0);
  }, 120_000);

  test("that is gone, or refuses, or is silent costs spans and nothing else: they are counted, and the log says so once", async () => {
    const gone = await startOtlpSink();
    const node = await traced({ endpoint: gone.url, maxQueue: 8, timeoutMs: 200 });
    gone.respond(undefined);
    for (let count = 0; count < 30; count += 1) await call(node);
    expect((await node.outcomes(30)).every(({ status }) => status === 200)).toBe(true);
    await until("dropped spans", async () =>
      (await node.metric("stuntdouble_trace_spans_dropped_total")) >= 22 ? true : undefined,
    );
    await gone.stop();
    for (let count = 0; count < 10; count += 1) await call(node);
    await until("all but those that wait to be lost", async () =>
      (await node.metric("stuntdouble_trace_spans_dropped_total")) >= 32 ? true : undefined,
    );
    const lines = node.logLines().filter((line) => line.includes("trace collector"));
    expect(lines.length).toBe(1);
  });

  test("has at the stop of a node what was waiting", async () => {
    const node = await traced({ delayMs: 60_000 });
    await call(node, { "x-request-id": "waiting" });
    await node.outcomes(1);
    await node.stop();
    expect((await spanOf("waiting")).name).toBe("chat gpt-4o");
  });
});
