import { attemptOf } from "../../../src/core/clients/attempts.ts";
import { expect, test } from "vitest";
import { traceIdOf } from "../../../src/act/call-ids.ts";
import { forwarding, setUpAct } from "../../support/act.ts";

const trace = "0af7651916cd43dd8448eb211c80319c";

test.each([
  ["a valid one", `00-${trace}-b7ad6b7169203331-01`, trace],
  ["one of a later version with more fields", `01-${trace}-b7ad6b7169203331-01-more`, trace],
  ["none", undefined, undefined],
  ["one that is no traceparent", trace, undefined],
  ["one of zeros only", `00-${"0".repeat(32)}-b7ad6b7169203331-01`, undefined],
  ["one that is cut", `00-${trace}-b7ad`, undefined],
])("the trace id of %s", (_what, traceparent, id) => {
  expect(traceIdOf({ traceparent })).toBe(id);
});

test.each([
  ["0", 1],
  ["2", 3],
  ["-1", undefined],
  ["many", undefined],
  [undefined, undefined],
])("a retry count of %s is attempt %s", (count, attempt) => {
  expect(attemptOf({ "x-stainless-retry-count": count })).toBe(attempt);
});

test("a forwarded call is known by our id, its upstream's, its trace and its attempt", async () => {
  const act = await setUpAct(forwarding);
  const headers = {
    traceparent: `00-${trace}-b7ad6b7169203331-01`,
    "x-stainless-retry-count": "1",
    "x-request-id": "mine",
  };
  const call = act.serve({ headers });
  call.upstream().head(200, { "content-type": "application/json", "x-request-id": "theirs" });
  call.upstream().end();
  expect(call.reply.header("x-request-id")).toBe("theirs");
  expect(call.outcome()).toMatchObject({ id: "mine", upstreamRequestId: "theirs", traceId: trace, attempt: 2 });
});

test("a call whose upstream gives no id has none of it", async () => {
  const act = await setUpAct(forwarding);
  const call = act.serve();
  call.upstream().json(200, {});
  expect(call.outcome()).toMatchObject({ upstreamRequestId: undefined, traceId: undefined, attempt: undefined });
});
