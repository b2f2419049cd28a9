import { expect, test } from "vitest";
import { openai } from "../../../../src/core/dialects/openai/index.ts";
import { bend, jsonHead, live, stream, textOf, whole } from "./support.ts";

test.each([500, 502, 504])(
  "replace gives a %i in the provider's body and headers when the head of the response would leave",
  (status) => {
    const { head, body } = openai.failure({ status, model: "gpt-4o", requestId: "req-1" });
    const { plan, fired } = bend(stream, { kind: "replace", status });
    expect(plan).toEqual({
      head: { ...head, instead: true },
      headAtMs: 20,
      frames: [{ atMs: 20, data: body, tokens: 0, final: false }],
      ending: "finish",
      endAtMs: 20,
    });
    expect(fired).toEqual(["replace"]);
  },
);

test("the error is the one that the fault status gives with the same options", () => {
  const options = { status: 429, variant: "quota", message: "Used up.", shouldRetry: false, retryAfterSeconds: 3 };
  const { plan } = bend(whole("{}"), { kind: "replace", ...options });
  expect(JSON.parse(textOf(plan))).toMatchObject({ error: { message: "Used up.", code: "insufficient_quota" } });
  expect(plan.head?.headers.slice(-2)).toEqual(["x-should-retry", "false"]);
});

test("nothing is left of the response's headers but those that say what was decided", () => {
  const headers = ["content-type", "application/json", "x-stuntdouble-rule", "flaky", "openai-version", "1"];
  const { plan } = bend({ ...whole("{}"), head: { ...jsonHead, headers } }, { kind: "replace", status: 502 });
  expect(plan.head?.headers.join("|")).toMatch(/x-stuntdouble-rule\|flaky$/);
  expect(plan.head?.headers).not.toContain("openai-version");
});

test("a response that breaks before its head is not replaced", () => {
  const broken = { ...stream, head: undefined, frames: [], ending: "reset", headAtMs: 140 } as const;
  expect(bend(broken, { kind: "replace", status: 502 })).toEqual({ plan: broken, fired: [] });
});

test("faults behind it bend the error, and those before it make it late", () => {
  const late = bend(stream, { kind: "delay", ms: 800 }, { kind: "replace", status: 504 }).plan;
  expect([late.head?.status, late.headAtMs, late.endAtMs]).toEqual([504, 820, 820]);
  const cut = bend(stream, { kind: "replace", status: 502 }, { kind: "cut", afterBytes: 5 }).plan;
  expect([textOf(cut).length, cut.ending]).toEqual([5, "cut"]);
});

test("what arrives of a live response after its head goes nowhere", () => {
  const { plan } = live(stream, [{ kind: "replace", status: 502 }]);
  expect(plan).toEqual(bend(stream, { kind: "replace", status: 502 }).plan);
});
