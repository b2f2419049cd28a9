import { describe, expect, test } from "vitest";
import { errorTable, type ErrorCode } from "../../../../../src/core/errors.ts";
import { quotaHeaders, renderFailure, renderFailureEvent } from "../../../../../src/core/dialects/anthropic/errors.ts";
import type { Failure } from "../../../../../src/core/dialects/types.ts";
import { header } from "../support.ts";

type ErrorBody = { type: string; message: string; details?: { error_code: string } };
type Body = { type: string; error: ErrorBody; request_id: string | null };

const nowMs = Date.UTC(2026, 10, 24, 10, 0, 0);

function render(failure: Omit<Failure, "requestId">): { body: Body; headers: readonly string[]; status: number } {
  const { head, body } = renderFailure({ requestId: "req_1", ...failure });
  return { body: JSON.parse(body) as Body, headers: head.headers, status: head.status };
}

describe("an injected status looks like the provider's", () => {
  test.each([
    [400, "invalid_request_error", "false"],
    [401, "authentication_error", "false"],
    [402, "billing_error", "false"],
    [403, "permission_error", "false"],
    [404, "not_found_error", "false"],
    [405, "invalid_request_error", "false"],
    [408, "invalid_request_error", "true"],
    [409, "conflict_error", "true"],
    [413, "request_too_large", "false"],
    [418, "invalid_request_error", "false"],
    [429, "rate_limit_error", "true"],
    [500, "api_error", "true"],
    [502, "api_error", "true"],
    [504, "timeout_error", "true"],
    [529, "overloaded_error", "true"],
  ])("%i", (status, type, retry) => {
    const rendered = render({ status });
    expect(rendered.status).toBe(status);
    expect(rendered.body).toEqual({
      type: "error",
      error: { type, message: expect.stringMatching(/\w/) as string },
      request_id: "req_1",
    });
    expect(header(rendered.headers, "x-should-retry")).toBe(retry);
    expect(header(rendered.headers, "request-id")).toBe("req_1");
    expect(header(rendered.headers, "anthropic-organization-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("and may say something else", () => {
    expect(render({ status: 529, message: "Busy." }).body.error).toEqual({
      type: "overloaded_error",
      message: "Busy.",
    });
  });

  test("with the model that is not found", () => {
    expect(render({ status: 404, model: "claude-9" }).body.error.message).toBe("model: claude-9");
  });
});

describe("a failure of ours", () => {
  test.each<[ErrorCode, string, boolean]>([
    ["BODY_INVALID", "invalid_request_error", false],
    ["NOT_FOUND", "not_found_error", false],
    ["METHOD_NOT_ALLOWED", "invalid_request_error", false],
    ["BODY_TOO_LARGE", "request_too_large", false],
    ["RATE_LIMITED", "rate_limit_error", false],
    ["INTERNAL", "api_error", true],
    ["UPSTREAM_CONNECT", "api_error", true],
    ["UPSTREAM_RESET", "api_error", true],
    ["UPSTREAM_TIMEOUT", "timeout_error", true],
    ["QUEUE_FULL", "api_error", true],
    ["QUEUE_TIMEOUT", "api_error", true],
    ["BREAKER_OPEN", "api_error", true],
  ])("%s keeps its message, and its code where the provider has no type for it", (code, type, coded) => {
    const { error } = render({ status: errorTable[code].status, code, message: "In our words." }).body;
    expect(error).toEqual({ type, message: "In our words.", ...(coded && { details: { error_code: code } }) });
  });

  test.each([
    ["missing", "x-api-key header is required"],
    ["wrong", "invalid x-api-key"],
  ])("about a key that is %s has the provider's words", (detail, message) => {
    const { error } = render({ status: 401, code: "UNAUTHENTICATED", message: "ours", detail }).body;
    expect(error).toEqual({ type: "authentication_error", message });
  });

  test("about something in particular that is not found has its code", () => {
    const { error } = render({ status: 404, code: "NOT_FOUND", message: "Gone.", detail: "thread_not_found" }).body;
    expect(error).toMatchObject({ type: "not_found_error", details: { error_code: "thread_not_found" } });
  });

  test("before the request has an id names none", () => {
    const { head, body } = renderFailure({ status: 400, requestId: "" });
    expect(JSON.parse(body)).toMatchObject({ request_id: null });
    expect(header(head.headers, "request-id")).toBeUndefined();
  });
});

describe("a 429", () => {
  test("says when to try again, and that no requests are left until then", () => {
    const { headers } = render({ status: 429, retryAfterSeconds: 20, nowMs });
    expect(header(headers, "retry-after")).toBe("20");
    expect(header(headers, "anthropic-ratelimit-requests-remaining")).toBe("0");
    expect(header(headers, "anthropic-ratelimit-requests-reset")).toBe("2026-11-24T10:00:20Z");
    expect(header(headers, "anthropic-ratelimit-input-tokens-limit")).toBe("30000");
  });

  test("without a time of day names no times", () => {
    const { headers } = render({ status: 429 });
    expect(header(headers, "retry-after")).toBe("1");
    expect(header(headers, "anthropic-ratelimit-requests-reset")).toBeUndefined();
  });

  test("names the limit that ran out", () => {
    expect(render({ status: 429, param: "tokens" }).body.error.message).toContain("30000 input tokens per minute");
    expect(render({ status: 429 }).body.error.message).toContain("50 requests per minute");
  });

  test.each<[Failure["variant"], object | undefined]>([
    ["quota", { error_code: "enforced_spend_limit_reached" }],
    ["too-large", undefined],
  ])("that only looks like one to retry names no time: %s", (variant, details) => {
    const { body, headers } = render({ status: 429, variant, nowMs });
    expect(body.error.type).toBe("rate_limit_error");
    expect(body.error.details).toEqual(details);
    for (const name of ["retry-after", "x-should-retry", "anthropic-ratelimit-requests-reset"]) {
      expect(header(headers, name)).toBeUndefined();
    }
  });

  test("of ours that waiting does not help names no time", () => {
    const { headers } = render({ status: 429, code: "RATE_LIMITED", message: "Too large.", nowMs });
    expect(header(headers, "retry-after")).toBeUndefined();
  });
});

test("a 503 of ours says when to try again", () => {
  const { headers } = render({ status: 503, code: "QUEUE_FULL", message: "Full.", retryAfterSeconds: 2.5 });
  expect(header(headers, "retry-after")).toBe("3");
});

test("a failure in the middle of a stream is an event named error", () => {
  const event = renderFailureEvent({ status: 529, requestId: "req_1" });
  expect(event).toBe(
    `event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}\n\n`,
  );
});

describe("quota headers", () => {
  test("tell each limit, what is left of it, and the time at which it is full again", () => {
    const quota = {
      requests: { limit: 50, remaining: 41.6, resetMs: 10_800 },
      tokens: { limit: 30_000, remaining: 12_499, resetMs: 35_000 },
    };
    const told = (unit: string, limit: string, remaining: string, reset: string) =>
      Object.entries({ limit, remaining, reset }).flatMap(([name, value]) => [
        `anthropic-ratelimit-${unit}-${name}`,
        value,
      ]);
    expect(quotaHeaders(quota, nowMs)).toEqual([
      ...told("requests", "50", "41", "2026-11-24T10:00:11Z"),
      ...told("tokens", "30000", "12000", "2026-11-24T10:00:35Z"),
      ...told("input-tokens", "30000", "12000", "2026-11-24T10:00:35Z"),
      ...told("output-tokens", "30000", "12000", "2026-11-24T10:00:35Z"),
    ]);
  });

  test.each([
    [-5, 0],
    [499, 0],
    [500, 700],
    [700, 700],
  ])("never tell more tokens than the limit, nor less than none: %i of 700", (remaining, told) => {
    const headers = quotaHeaders({ tokens: { limit: 700, remaining, resetMs: 0 } }, nowMs);
    expect(header(headers, "anthropic-ratelimit-tokens-remaining")).toBe(String(told));
  });

  test("are none without a limit", () => {
    expect(quotaHeaders({}, nowMs)).toEqual([]);
  });
});
