import { describe, expect, test } from "vitest";
import { chat } from "../../../../../src/core/dialects/openai/chat/index.ts";
import { openaiCompatible } from "../../../../../src/core/dialects/openai/compatible.ts";
import { openai } from "../../../../../src/core/dialects/openai/index.ts";
import type { Failure } from "../../../../../src/core/dialects/types.ts";
import { bodyOf, header, jsonOf, scriptOf } from "../support.ts";

const acme = openaiCompatible({ name: "acme", paths: { prefix: "/acme", operations: [chat] } });
const quota = { requests: { limit: 10, remaining: 9, resetMs: 1000 } };
const failures: readonly Failure[] = [
  { status: 429, requestId: "req_1" },
  { status: 400, requestId: "req_1", code: "BODY_INVALID", param: "n", message: "Too many." },
  { status: 503, requestId: "req_1", code: "QUEUE_FULL" },
];

describe("an API without quirks", () => {
  test("has OpenAI's operations below its path", () => {
    const target = "/acme/v1/chat/completions";
    expect(acme.operations.map(({ method, route }) => [method, route])).toEqual([["POST", target]]);
    const body = bodyOf(JSON.stringify({ model: "m", messages: [{ role: "user", content: "hi" }] }));
    const request = { headers: {}, body, count: (text: string) => text.length };
    const plan = acme.operations[0]!.open({ ...request, target })
      .ask()
      .write(scriptOf(["Hello"]));
    const own = chat
      .open({ ...request, target: chat.route })
      .ask()
      .write(scriptOf(["Hello"]));
    expect(jsonOf(plan)).toEqual(jsonOf(own));
    expect(header(plan.head?.headers ?? [], "openai-version")).toBeUndefined();
  });

  test("claims what is below its path and the version, and nothing else", () => {
    expect(acme.claims?.("/acme/v1/files", {})).toBe(true);
    expect(acme.claims?.("/acme", {})).toBe(false);
    expect(acme.claims?.("/v1/files", {})).toBe(false);
  });

  test("takes its key, tells quotas and names usage as OpenAI does", () => {
    expect(acme.credential("k")).toEqual(openai.credential("k"));
    expect(acme.quotaHeaders(quota, 0)).toEqual(openai.quotaHeaders(quota, 0));
    expect(acme.requestIdHeader).toBe(openai.requestIdHeader);
  });

  test.each(failures)("renders the failure %j with OpenAI's body", (failure) => {
    expect(acme.failure(failure).body).toBe(openai.failure(failure).body);
    expect(acme.failureEvent(failure)).toBe(openai.failureEvent(failure));
  });

  test("says of a limit what is left and when to try again, without the header that only OpenAI has", () => {
    const { headers } = acme.failure({ status: 429, requestId: "req_1", retryAfterSeconds: 2 }).head;
    expect(header(headers, "retry-after")).toBe("2");
    expect(header(headers, "x-ratelimit-remaining-requests")).toBe("0");
    expect(header(headers, "x-request-id")).toBe("req_1");
    expect(header(headers, "retry-after-ms")).toBeUndefined();
  });
});
