import { describe, expect, test } from "vitest";
import { errorTable, type ErrorCode } from "../../../../../src/core/errors.ts";
import { goDuration, quotaHeaders, renderFailure } from "../../../../../src/core/dialects/openai/errors.ts";
import type { Failure } from "../../../../../src/core/dialects/types.ts";
import { header } from "../support.ts";

type ErrorBody = { message: string; type: string; param: string | null; code: string | null };

function render(failure: Omit<Failure, "requestId">): {
  error: ErrorBody;
  headers: readonly string[];
  status: number;
} {
  const { head, body } = renderFailure({ requestId: "req_1", ...failure });
  const { error } = JSON.parse(body) as { error: ErrorBody };
  return { error, headers: head.headers, status: head.status };
}

describe("an injected status looks like the provider's", () => {
  test.each([
    [400, "invalid_request_error", null],
    [401, "invalid_request_error", "invalid_api_key"],
    [403, "invalid_request_error", null],
    [404, "invalid_request_error", "model_not_found"],
    [408, "invalid_request_error", null],
    [413, "invalid_request_error", "request_too_large"],
    [418, "invalid_request_error", null],
    [429, "requests", "rate_limit_exceeded"],
    [500, "server_error", null],
    [502, "server_error", null],
    [503, "server_error", null],
    [504, "server_error", null],
    [529, "server_error", "overloaded"],
    [599, "server_error", null],
  ])("%i", (status, type, code) => {
    const rendered = render({ status });
    expect(rendered.status).toBe(status);
    expect(rendered.error).toEqual({ message: expect.stringMatching(/^[A-Z].+\.$/), type, param: null, code });
  });
});

describe("a failure of ours", () => {
  test.each<[ErrorCode, string, string | null]>([
    ["BODY_INVALID", "invalid_request_error", null],
    ["UNAUTHENTICATED", "invalid_request_error", "invalid_api_key"],
    ["NOT_FOUND", "invalid_request_error", "unknown_url"],
    ["METHOD_NOT_ALLOWED", "invalid_request_error", "method_not_supported"],
    ["BODY_TOO_LARGE", "invalid_request_error", "request_too_large"],
    ["RATE_LIMITED", "requests", "rate_limit_exceeded"],
    ["CONFIG_INVALID", "server_error", "CONFIG_INVALID"],
    ["INTERNAL", "server_error", "INTERNAL"],
    ["UPSTREAM_CONNECT", "server_error", "UPSTREAM_CONNECT"],
    ["UPSTREAM_RESET", "server_error", "UPSTREAM_RESET"],
    ["UPSTREAM_TIMEOUT", "server_error", "UPSTREAM_TIMEOUT"],
    ["QUEUE_FULL", "server_error", "QUEUE_FULL"],
    ["QUEUE_TIMEOUT", "server_error", "QUEUE_TIMEOUT"],
    ["BREAKER_OPEN", "server_error", "BREAKER_OPEN"],
  ])("%s keeps its message", (code, type, shown) => {
    const { error } = render({ status: errorTable[code].status, code, message: "In our words." });
    expect(error).toEqual({ message: "In our words.", type, param: null, code: shown });
  });

  test("names the field and the provider's code for what is wrong with it", () => {
    const { error } = render({
      status: 400,
      code: "BODY_INVALID",
      message: "Bad.",
      param: "n",
      detail: "invalid_type",
    });
    expect(error).toMatchObject({ param: "n", code: "invalid_type" });
  });

  test("about an unknown model has the provider's code", () => {
    expect(render({ status: 404, code: "NOT_FOUND", param: "model" }).error).toMatchObject({
      param: "model",
      code: "model_not_found",
    });
  });
});

describe("a 429", () => {
  test("says when to try again, in the body and in both headers", () => {
    const { error, headers } = render({ status: 429, model: "gpt-4o", retryAfterSeconds: 20 });
    expect(error.message).toBe("Rate limit reached for gpt-4o on requests per min (RPM). Please try again in 20s.");
    expect(header(headers, "retry-after")).toBe("20");
    expect(header(headers, "retry-after-ms")).toBe("20000");
  });

  test("rounds retry-after up to whole seconds and keeps the milliseconds", () => {
    const { headers } = render({ status: 429, retryAfterSeconds: 1.574 });
    expect(header(headers, "retry-after")).toBe("2");
    expect(header(headers, "retry-after-ms")).toBe("1574");
  });

  test("that was injected shows that no requests are left", () => {
    const { headers } = render({ status: 429, retryAfterSeconds: 20 });
    expect(header(headers, "x-ratelimit-remaining-requests")).toBe("0");
    expect(header(headers, "x-ratelimit-reset-requests")).toBe("20s");
  });

  test("of ours leaves the quota headers to the one who knows the quota", () => {
    const { headers } = render({ status: 429, code: "RATE_LIMITED", retryAfterSeconds: 3 });
    expect(header(headers, "x-ratelimit-limit-requests")).toBeUndefined();
  });

  test("of ours that no wait can cure names none", () => {
    const { headers, error } = render({ status: 429, code: "RATE_LIMITED", param: "tokens" });
    expect(header(headers, "retry-after")).toBeUndefined();
    expect(error).toMatchObject({ type: "tokens", param: null });
  });
});

test.each<[number, ErrorCode | undefined]>([
  [429, undefined],
  [503, undefined],
  [503, "QUEUE_TIMEOUT"],
])("a %i %s has a retry-after even when none was given", (status, code) => {
  expect(header(render({ status, ...(code === undefined ? {} : { code }) }).headers, "retry-after")).toBe("1");
});

test("a 500 has no retry-after", () => {
  expect(header(render({ status: 500 }).headers, "retry-after")).toBeUndefined();
});

test("a failure carries the request id, and no header for an empty one", () => {
  expect(header(render({ status: 500 }).headers, "x-request-id")).toBe("req_1");
  expect(header(renderFailure({ status: 400, requestId: "" }).head.headers, "x-request-id")).toBeUndefined();
});

test("an injected message replaces the usual one", () => {
  expect(render({ status: 500, message: "Boom." }).error.message).toBe("Boom.");
});

describe("quota headers", () => {
  test("tell limit, rest and reset of requests and tokens", () => {
    const quota = {
      requests: { limit: 500, remaining: 499, resetMs: 120 },
      tokens: { limit: 30_000, remaining: 29_971.7, resetMs: 58_400 },
    };
    expect(quotaHeaders(quota)).toEqual([
      "x-ratelimit-limit-requests",
      "500",
      "x-ratelimit-remaining-requests",
      "499",
      "x-ratelimit-reset-requests",
      "120ms",
      "x-ratelimit-limit-tokens",
      "30000",
      "x-ratelimit-remaining-tokens",
      "29971",
      "x-ratelimit-reset-tokens",
      "58.4s",
    ]);
  });

  test("are left out for what has no limit", () => {
    expect(quotaHeaders({})).toEqual([]);
  });

  test("show what is overdrawn as nothing left", () => {
    expect(
      header(quotaHeaders({ tokens: { limit: 10, remaining: -4, resetMs: 0 } }), "x-ratelimit-remaining-tokens"),
    ).toBe("0");
  });
});

test.each([
  [-5, "0s"],
  [0, "0s"],
  [0.2, "1ms"],
  [12, "12ms"],
  [999, "999ms"],
  [1000, "1s"],
  [1574, "1.574s"],
  [60_000, "1m0s"],
  [360_000, "6m0s"],
  [61_500, "1m1.5s"],
  [86_400_000, "24h0m0s"],
  [3_661_000, "1h1m1s"],
])("%d ms is %s as Go prints it", (ms, text) => {
  expect(goDuration(ms)).toBe(text);
});
