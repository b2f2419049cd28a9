import { describe, expect, test } from "vitest";
import { notSimulated, rateLimited, refuseUnknownModel, unauthenticated } from "../../../src/act/failures.ts";
import type { Request } from "../../../src/act/types.ts";
import { openai } from "../../../src/core/dialects/openai/index.ts";

function asked(method: string, route: string): Request {
  return {
    id: "req-1",
    method,
    target: route,
    route,
    headers: {},
    rawHeaders: [],
    client: "10.0.0.1",
    dialect: openai,
    operation: undefined,
    body: undefined,
    bodyStream: undefined,
  };
}

describe("a call without a valid key", () => {
  test("one without a key is told how to send it", () => {
    const error = unauthenticated("missing");
    expect(error).toMatchObject({ code: "UNAUTHENTICATED", status: 401 });
    expect(error.message).toContain("Authorization: Bearer");
  });

  test("one with a wrong key is told that it is wrong", () => {
    const error = unauthenticated("wrong");
    expect(error).toMatchObject({ code: "UNAUTHENTICATED", status: 401 });
    expect(error.message).toMatch(/incorrect api key/i);
  });
});

test("a model that is not listed is a 404 that names it", () => {
  const refused = (): void => refuseUnknownModel(new Set(["gpt-4o"]), "gpt-9");
  expect(refused).toThrow(expect.objectContaining({ code: "NOT_FOUND", status: 404, param: "model" }));
  expect(refused).toThrow("`gpt-9`");
  expect(() => refuseUnknownModel(new Set(["gpt-4o"]), "gpt-4o")).not.toThrow();
});

describe("what nobody can response", () => {
  test("a known path with another method is a 405 that names those it takes", () => {
    const error = notSimulated(asked("DELETE", "/v1/chat/completions"));
    expect(error).toMatchObject({ code: "METHOD_NOT_ALLOWED", status: 405 });
    expect(error.message).toBe("/v1/chat/completions takes POST, GET, not DELETE.");
  });

  test("an unknown path is a 404 that names method and path", () => {
    const error = notSimulated(asked("GET", "/v1/files"));
    expect(error).toMatchObject({ code: "NOT_FOUND", status: 404 });
    expect(error.message).toContain("GET /v1/files");
  });
});

describe("a call beyond its allowance", () => {
  const quota = {
    requests: { limit: 60, remaining: 0, resetMs: 60_000 },
    tokens: { limit: 1000, remaining: 12, resetMs: 59_280 },
  };
  const response = { ok: false, quota, exceeded: "requests", retryAfterMs: 1234, tooLarge: false } as const;

  test("it is told which allowance ran out, how large it is and when to try again", () => {
    const error = rateLimited(response, 5);
    expect(error).toMatchObject({ code: "RATE_LIMITED", status: 429, param: "requests", retryAfterSeconds: 2 });
    expect(error.message).toContain("requests per min (RPM): Limit 60");
    expect(error.message).toContain("1.234s");
  });

  test("tokens that ran out are told apart from requests", () => {
    const error = rateLimited({ ...response, exceeded: "tokens" }, 5);
    expect(error.param).toBe("tokens");
    expect(error.message).toContain("tokens per min (TPM): Limit 1000");
  });

  test("a wait below a second is told as one second, never as none", () => {
    expect(rateLimited({ ...response, retryAfterMs: 1 }, 5).retryAfterSeconds).toBe(1);
    expect(rateLimited({ ...response, retryAfterMs: 0 }, 5).retryAfterSeconds).toBe(1);
  });

  test("a call that no minute can hold is told its size, and not to wait", () => {
    const error = rateLimited({ ...response, exceeded: "tokens", tooLarge: true, retryAfterMs: 60_000 }, 5000);
    expect(error).toMatchObject({ code: "RATE_LIMITED", param: "tokens", retryAfterSeconds: undefined });
    expect(error.message).toContain("Limit 1000, Requested 5000");
  });
});
