import { expect, test } from "vitest";
import { parentOf } from "../../../../src/emit/tracing/traceparent.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";

test.each([
  ["a sampled one", `00-${traceId}-${spanId}-01`, { traceId, spanId, traceFlags: 1, isRemote: true }],
  ["one that is not sampled", `00-${traceId}-${spanId}-00`, { traceId, spanId, traceFlags: 0, isRemote: true }],
  [
    "one of a later version with more fields",
    `01-${traceId}-${spanId}-01-more`,
    { traceId, spanId, traceFlags: 1, isRemote: true },
  ],
  ["none", undefined, undefined],
  ["the version that is forbidden", `ff-${traceId}-${spanId}-01`, undefined],
  ["a trace id of zeros", `00-${"0".repeat(32)}-${spanId}-01`, undefined],
  ["a span id of zeros", `00-${traceId}-${"0".repeat(16)}-01`, undefined],
  ["upper case", `00-${traceId.toUpperCase()}-${spanId}-01`, undefined],
  ["one with something behind it", `00-${traceId}-${spanId}-01x`, undefined],
  ["no traceparent at all", "hello", undefined],
])("the parent of %s", (_what, traceparent, parent) => {
  expect(parentOf({ traceparent })).toEqual(parent);
});

test("the state of the trace goes with it", () => {
  const parent = parentOf({ traceparent: `00-${traceId}-${spanId}-01`, tracestate: "vendor=1" });
  expect(parent?.traceState?.serialize()).toBe("vendor=1");
});
