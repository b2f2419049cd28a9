import { expect, test } from "vitest";
import { otelExporter } from "../../../../../src/core/records/export/otel.ts";
import { recordOf } from "../../../../../src/core/records/record-of.ts";
import type { Outcome } from "../../../../../src/core/types.ts";
import { outcome } from "../../../emit/outcome.ts";

type Attribute = { readonly key: string; readonly value: unknown };
type Span = { readonly [member: string]: unknown; readonly attributes: readonly Attribute[] };
type Line = {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly Span[] }[] }[];
};

function spanOf(changes: Partial<Outcome> = {}): Span {
  const exporter = otelExporter();
  exporter.record(recordOf(outcome(changes)));
  const line: Line = JSON.parse(exporter.end());
  return line.resourceSpans[0]!.scopeSpans[0]!.spans[0]!;
}

const valuesOf = ({ attributes }: Span) => Object.fromEntries(attributes.map(({ key, value }) => [key, value]));

test("a call is a span with the attributes of the conventions", () => {
  const usage = { promptTokens: 1200, cachedTokens: 1024, outputTokens: 3 };
  const span = spanOf({ notes: { inFlight: 2, usage }, queueMs: 10 });
  expect(span).toMatchObject({
    name: "chat gpt-4o",
    kind: 3,
    startTimeUnixNano: "1700000000000000000",
    endTimeUnixNano: "1700000000290000000",
    status: {},
  });
  expect(valuesOf(span)).toMatchObject({
    "gen_ai.operation.name": { stringValue: "chat" },
    "gen_ai.provider.name": { stringValue: "openai" },
    "gen_ai.request.model": { stringValue: "gpt-4o" },
    "gen_ai.request.stream": { boolValue: true },
    "gen_ai.usage.input_tokens": { intValue: "1200" },
    "gen_ai.usage.cache_read.input_tokens": { intValue: "1024" },
    "gen_ai.usage.output_tokens": { intValue: "3" },
    "gen_ai.response.time_to_first_chunk": { doubleValue: 0.25 },
  });
});

test("a span has ids of the lengths of W3C's, the same each time and others for another call", () => {
  const ids = [spanOf(), spanOf(), spanOf({ id: "req-2" })].map(
    ({ traceId, spanId }) => `${String(traceId)} ${String(spanId)}`,
  );
  expect(ids[0]).toMatch(/^[0-9a-f]{32} [0-9a-f]{16}$/);
  expect([ids[1] === ids[0], ids[2] === ids[0]]).toEqual([true, false]);
});

test.for([
  [{ cause: "UPSTREAM_CONNECT", status: 502 }, "UPSTREAM_CONNECT"],
  [{ status: 429 }, "429"],
  [{ ending: "cut" }, "cut"],
] as const)("a call that failed is an error of its type: %j", ([changes, type]) => {
  const span = spanOf(changes);
  expect([span["status"], valuesOf(span)["error.type"]]).toEqual([{ code: 2 }, { stringValue: type }]);
});

test("a line has at most 100 spans", () => {
  const exporter = otelExporter();
  const lines = Array.from({ length: 250 }, () => exporter.record(recordOf(outcome()))).filter((text) => text !== "");
  const spans = [...lines, exporter.end()].map((text) => {
    const line: Line = JSON.parse(text);
    return line.resourceSpans[0]!.scopeSpans[0]!.spans.length;
  });
  expect(spans).toEqual([100, 100, 50]);
});
