import { expect, test } from "vitest";
import { faultResponse, prepareFault } from "../../../../src/core/faults/index.ts";
import { openai } from "../../../../src/core/dialects/openai/index.ts";
import type { FaultConfig } from "../../../../src/core/types.ts";
import { context } from "./support.ts";
import { made } from "../../../support/frames.ts";

const answered = (...configs: FaultConfig[]) => {
  const fired: string[] = [];
  const faults = configs.map((config) => prepareFault(config));
  const plan = faultResponse(faults, context(fired));
  return {
    plan: plan === undefined ? undefined : made(plan),
    fired,
  };
};

test.each([429, 500, 502, 503, 504, 529])("status %i answers at once in the provider's body and headers", (status) => {
  const { head, body } = openai.failure({ status, model: "gpt-4o", requestId: "req-1" });
  const { plan, fired } = answered({ kind: "status", status });
  expect(plan).toEqual({
    head,
    headAtMs: 0,
    frames: [{ atMs: 0, data: body, tokens: 0, final: false }],
    ending: "finish",
    endAtMs: 0,
  });
  expect(fired).toEqual(["status"]);
});

test("a message and a retry time replace the provider's usual ones", () => {
  const { plan } = answered({ kind: "status", status: 429, message: "Slow down.", retryAfterSeconds: 7 });
  expect(JSON.parse(String(plan?.frames[0]?.data))).toMatchObject({ error: { message: "Slow down." } });
  expect(plan?.head?.headers.join("|")).toContain("retry-after|7");
});

test("without a fault that responses, the source does", () => {
  expect(answered({ kind: "cut" }, { kind: "delay", ms: 5 })).toEqual({ plan: undefined, fired: [] });
});

test("the other faults of the list bend the error as they would bend any response", () => {
  const { plan, fired } = answered({ kind: "delay", ms: 800 }, { kind: "status", status: 529 });
  expect([plan?.head?.status, plan?.headAtMs, plan?.endAtMs]).toEqual([529, 800, 800]);
  expect(fired.sort()).toEqual(["delay", "status"]);
});

test("of two statuses the first one answers", () => {
  const { plan, fired } = answered({ kind: "status", status: 503 }, { kind: "status", status: 500 });
  expect(plan?.head?.status).toBe(503);
  expect(fired).toEqual(["status"]);
});

test.each([
  ["quota", "insufficient_quota", "insufficient_quota"],
  ["too-large", "tokens", "rate_limit_exceeded"],
])(
  "a 429 that looks like one to retry, %s, has the provider's type and code and no time to retry",
  (variant, type, code) => {
    const { plan } = answered({ kind: "status", status: 429, variant });
    expect(JSON.parse(String(plan?.frames[0]?.data))).toMatchObject({ error: { type, code } });
    expect(plan?.head?.headers.join("|")).not.toContain("retry-after");
  },
);

test.each([true, false])("the hint whether to retry is sent as it is given, %s", (shouldRetry) => {
  const { plan } = answered({ kind: "status", status: 400, shouldRetry });
  expect(plan?.head?.headers.slice(-2)).toEqual(["x-should-retry", String(shouldRetry)]);
});
