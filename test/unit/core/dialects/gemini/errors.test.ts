import { describe, expect, test } from "vitest";
import { gemini } from "../../../../../src/core/dialects/gemini/index.ts";
import type { Failure } from "../../../../../src/core/dialects/types.ts";
import { header } from "../support.ts";

type ErrorBody = {
  code: number;
  message: string;
  status: string;
  details?: { "@type": string; [name: string]: unknown }[];
};

function render(failure: Omit<Failure, "requestId">): {
  error: ErrorBody;
  headers: readonly string[];
  status: number;
} {
  const { head, body } = gemini.failure({ requestId: "req_1", ...failure });
  const { error } = JSON.parse(body) as { error: ErrorBody };
  return { error, headers: head.headers, status: head.status };
}

function detail(error: ErrorBody, type: string) {
  return error.details?.find((each) => each["@type"] === `type.googleapis.com/google.rpc.${type}`);
}

describe("an injected status looks like the provider's", () => {
  test.each([
    [400, "INVALID_ARGUMENT"],
    [401, "UNAUTHENTICATED"],
    [403, "PERMISSION_DENIED"],
    [404, "NOT_FOUND"],
    [418, "INVALID_ARGUMENT"],
    [429, "RESOURCE_EXHAUSTED"],
    [500, "INTERNAL"],
    [502, "UNAVAILABLE"],
    [503, "UNAVAILABLE"],
    [504, "DEADLINE_EXCEEDED"],
    [599, "INTERNAL"],
  ])("%i", (code, status) => {
    const rendered = render({ status: code });
    expect(rendered.status).toBe(code);
    expect(rendered.error).toMatchObject({ code, status, message: expect.stringMatching(/\w/) as string });
  });
});

test("a 429 says when to try again, in the body and in the header", () => {
  const { error, headers } = render({ status: 429, retryAfterSeconds: 30, model: "gemini-2.5-flash" });
  expect(detail(error, "RetryInfo")).toMatchObject({ retryDelay: "30s" });
  expect(detail(error, "QuotaFailure")).toMatchObject({
    violations: [
      { quotaId: "GenerateRequestsPerMinutePerProjectPerModel", quotaDimensions: { model: "gemini-2.5-flash" } },
    ],
  });
  expect(error.message).toContain("Please retry in 30s.");
  expect(header(headers, "retry-after")).toBe("30");
});

test.each(["quota", "too-large"] as const)("a 429 that only looks like one to retry has no wait: %s", (variant) => {
  const { error, headers } = render({ status: 429, variant });
  expect(detail(error, "RetryInfo")).toBeUndefined();
  expect(detail(error, "QuotaFailure")).toBeDefined();
  expect(header(headers, "retry-after")).toBeUndefined();
});

test("a refused field is named, in the message's own words", () => {
  const message = "Invalid value at 'contents[0]' (TYPE_STRING), 1";
  const { error } = render({ status: 400, code: "BODY_INVALID", message, param: "contents[0]" });
  expect(error.message).toBe(message);
  expect(detail(error, "BadRequest")).toMatchObject({
    fieldViolations: [{ field: "contents[0]", description: message }],
  });
});

test("a wrong key has the reason that clients look for", () => {
  const { error } = render({ status: 401, code: "UNAUTHENTICATED", message: "Wrong." });
  expect(detail(error, "ErrorInfo")).toMatchObject({ reason: "API_KEY_INVALID" });
});

test("an unknown model is named as the provider names it, any other failure of ours keeps its message", () => {
  const model = "gemini-9";
  expect(render({ status: 404, code: "NOT_FOUND", param: "model", model, message: "No." }).error.message).toMatch(
    /^models\/gemini-9 is not found/,
  );
  expect(render({ status: 404, code: "NOT_FOUND", message: "No such path." }).error.message).toBe("No such path.");
  expect(render({ status: 503, code: "QUEUE_FULL", message: "Full." }).error.message).toBe("Full.");
});

describe("a failure of a stream", () => {
  const path = "/v1beta/models/x:streamGenerateContent";
  const failure = (target: string): Failure => ({ status: 503, requestId: "req_1", target });

  test("in its middle is an event, or an element of the array", () => {
    expect(gemini.failureEvent(failure(`${path}?alt=sse`))).toMatch(/^data: \{"error":\{"code":503,.*\}\r\n\r\n$/);
    expect(gemini.failureEvent(failure(path))).toMatch(/^\n,\r\n\{"error":\{"code":503,.*\}$/);
  });

  test("in its place is in an array where one was asked for", () => {
    expect(JSON.parse(gemini.failure(failure(path)).body)).toMatchObject([{ error: { code: 503 } }]);
    expect(JSON.parse(gemini.failure(failure(`${path}?alt=sse`)).body)).toMatchObject({ error: { code: 503 } });
  });
});

test("nothing is said of what is left", () => {
  expect(gemini.quotaHeaders({ requests: { limit: 1, remaining: 1, resetMs: 1 } }, 0)).toEqual([]);
});
