import { expect, test } from "vitest";
import type { Exemplar } from "../../../../src/core/records/exemplar.ts";
import { openMetricsText } from "../../../../src/emit/exposition/open-metrics.ts";

const text = `# HELP stuntdouble_requests_total Calls.
# TYPE stuntdouble_requests_total counter
stuntdouble_requests_total{mode="real"} 2

# HELP stuntdouble_limit The limit.
# TYPE stuntdouble_limit gauge
stuntdouble_limit 5

# HELP stuntdouble_request_duration_seconds Time.
# TYPE stuntdouble_request_duration_seconds histogram
stuntdouble_request_duration_seconds_bucket{le="0.01",mode="real",model="m",stream="true"} 1
stuntdouble_request_duration_seconds_bucket{le="+Inf",mode="real",model="m",stream="true"} 2
stuntdouble_request_duration_seconds_sum{mode="real",model="m",stream="true"} 0.5
stuntdouble_request_duration_seconds_count{mode="real",model="m",stream="true"} 2
`;

const exemplar: Exemplar = {
  metric: "request_duration_seconds",
  labels: [
    ["mode", "real"],
    ["model", "m"],
    ["stream", "true"],
  ],
  le: "0.01",
  requestId: 'a"b',
  traceId: undefined,
  seconds: 0.004,
  atMs: 1_700_000_000_123,
};

/** The lines of a text that begin with a word. */
function linesOf(from: string, begin: string): string[] {
  return from.split("\n").filter((line) => line.startsWith(begin));
}

test("a counter is declared without its suffix, and its samples keep it", () => {
  const lines = openMetricsText(text, []).split("\n");
  expect(lines.slice(0, 3)).toEqual([
    "# HELP stuntdouble_requests Calls.",
    "# TYPE stuntdouble_requests counter",
    'stuntdouble_requests_total{mode="real"} 2',
  ]);
});

test("there are no empty lines, and the end is marked", () => {
  const written = openMetricsText(text, []);
  expect(written.endsWith("\n# EOF\n")).toBe(true);
  expect(written.slice(0, -1).split("\n")).not.toContain("");
});

test("an exemplar stands behind the sample of its bucket, and behind no other", () => {
  expect(linesOf(openMetricsText(text, [exemplar]), "stuntdouble_request_duration_seconds_bucket")).toEqual([
    'stuntdouble_request_duration_seconds_bucket{le="0.01",mode="real",model="m",stream="true"} 1 # {request_id="a\\"b"} 0.004 1700000000.123',
    'stuntdouble_request_duration_seconds_bucket{le="+Inf",mode="real",model="m",stream="true"} 2',
  ]);
});

test("an exemplar names its trace, and leaves out a request id for which there is no room", () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const both = openMetricsText(text, [{ ...exemplar, traceId, requestId: "r".repeat(78) }]);
  expect(both).toContain(`{trace_id="${traceId}",request_id="${"r".repeat(78)}"}`);
  const one = openMetricsText(text, [{ ...exemplar, traceId, requestId: "r".repeat(79) }]);
  expect(one).toContain(`# {trace_id="${traceId}"} 0.004`);
});

test("an exemplar of a bucket that is not there is left out", () => {
  expect(openMetricsText(text, [{ ...exemplar, le: "0.02" }])).toBe(openMetricsText(text, []));
});
