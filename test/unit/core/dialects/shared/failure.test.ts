import { describe, expect, test } from "vitest";
import { failuresOf, xRequestId, type FailureTable } from "../../../../../src/core/dialects/shared/failure.ts";
import { header } from "../support.ts";

type Body = { readonly error: string; readonly wait: number | undefined };

const table: FailureTable<string, Body> = {
  usual: { 401: "no key", 503: "busy" },
  varying: { 404: ({ model = "it" }) => `no ${model}` },
  refused: "refused",
  broken: "broken",
  contentType: "application/json",
  callHeaders: xRequestId,
  challenge: "Bearer",
  retriesUnavailable: true,
  body: ({ failure, said, waitSeconds }) => ({ error: failure.message ?? said, wait: waitSeconds }),
  event: (body) => `event ${body.error}`,
};
const quota = {
  header: (part: string, unit: string) => `${unit}-${part}`,
  units: { requests: ["requests"], tokens: ["tokens", "input"] },
  reset: (resetMs: number) => `${resetMs}ms`,
  usedUp: (waitSeconds: number) => ({ requests: { limit: 5, remaining: 0, resetMs: waitSeconds * 1000 } }),
};
const requestId = "req_1";

describe("a failure", () => {
  const { renderFailure, renderFailureEvent } = failuresOf(table);

  test.each([
    [401, "no key"],
    [404, "no gpt-4o"],
    [418, "refused"],
    [599, "broken"],
  ])("of %d says what the table says", (status, said) => {
    expect(JSON.parse(renderFailure({ status, requestId, model: "gpt-4o" }).body)).toEqual({ error: said });
  });

  test("of 401 has the provider's challenge", () => {
    expect(header(renderFailure({ status: 401, requestId }).head.headers, "www-authenticate")).toBe("Bearer");
  });

  test.each([
    [{ status: 429 }, "1"],
    [{ status: 503 }, "1"],
    [{ status: 429, retryAfterSeconds: 6.2 }, "7"],
    [{ status: 429, code: "RATE_LIMITED" as const }, undefined],
    [{ status: 429, variant: "quota" as const }, undefined],
    [{ status: 500 }, undefined],
  ])("%j tells a client to wait %s", (failure, seconds) => {
    expect(header(renderFailure({ ...failure, requestId }).head.headers, "retry-after")).toBe(seconds);
  });

  test("of 503 names no wait where the provider's clients know by themselves", () => {
    const { headers } = failuresOf({ ...table, retriesUnavailable: false }).renderFailure({
      status: 503,
      requestId,
    }).head;
    expect(header(headers, "retry-after")).toBeUndefined();
  });

  test("in the middle of a stream is an event", () => {
    expect(renderFailureEvent({ status: 503, requestId })).toBe("event busy");
  });
});

describe("quota headers", () => {
  const { renderFailure, quotaHeaders } = failuresOf({ ...table, quota });

  test("tell each limit under all its names, and what is overdrawn as 0", () => {
    const tokens = { limit: 10, remaining: -3, resetMs: 7 };
    const names = ["tokens-limit", "10", "tokens-remaining", "0", "tokens-reset", "7ms"];
    expect(quotaHeaders({ tokens })).toEqual([...names, ...names.map((name) => name.replace("tokens", "input"))]);
  });

  test("come with an injected 429 and not with one of ours", () => {
    const injected = renderFailure({ status: 429, requestId, retryAfterSeconds: 2 }).head.headers;
    const ours = renderFailure({ status: 429, requestId, retryAfterSeconds: 2, code: "RATE_LIMITED" }).head.headers;
    expect(header(injected, "requests-reset")).toBe("2000ms");
    expect(header(ours, "requests-reset")).toBeUndefined();
  });

  test("of a provider that tells times need the time", () => {
    const { renderFailure: timed } = failuresOf({ ...table, quota: { ...quota, needsNow: true } });
    expect(header(timed({ status: 429, requestId }).head.headers, "requests-reset")).toBeUndefined();
    expect(header(timed({ status: 429, requestId, nowMs: 1 }).head.headers, "requests-reset")).toBe("1000ms");
  });

  test("are none where the provider tells nobody", () => {
    expect(failuresOf(table).quotaHeaders({ requests: { limit: 1, remaining: 1, resetMs: 0 } })).toEqual([]);
  });
});
