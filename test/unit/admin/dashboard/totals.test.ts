import { expect, test } from "vitest";
import type { Total } from "../../../../src/admin/resource.ts";
import { readingOf, tickOf, upstreamTimes, type Reading } from "../../../../src/admin/dashboard/totals.ts";

function at(atMs: number, ...totals: Total[]): Reading {
  return readingOf(atMs, totals);
}

function requests(mode: string, count: number, rule = "a"): Total {
  return { metric: "requests_total", labels: [mode, rule], values: [count] };
}

function ttft(mode: string, ...values: number[]): Total {
  return { metric: "time_to_first_token_seconds", labels: [mode, "m"], values, boundsMs: [100, 200] };
}

test("requests a second are counted since the last reading, by what the client got", () => {
  const last = at(1000, requests("real", 10), requests("simulated", 1));
  const now = at(3000, requests("real", 16), requests("real", 4, "b"), requests("simulated", 1));
  expect(tickOf(now, last, last).perSecond).toEqual({ real: 5, simulated: 0, replayed: 0, fault: 0, own: 0 });
});

test("errors are told apart: those of upstreams, injected ones, and those of the node", () => {
  const errors = (upstream: string, count: number): Total => {
    return { metric: "errors_total", labels: [upstream, "X"], values: [count] };
  };
  const faults: Total = { metric: "faults_injected_total", labels: ["status", "a"], values: [7] };
  const now = at(1000, errors("openai", 2), errors("none", 3), faults);
  expect(tickOf(now, at(0), at(0)).errors).toEqual({ real: 2, injected: 7, ours: 3 });
});

test("percentiles are those of the calls since the earlier reading, within a bucket as Prometheus estimates them", () => {
  const base = at(0, ttft("real", 5, 0, 0, 100));
  const now = at(1000, ttft("real", 5, 10, 0, 1600), ttft("simulated", 4, 0, 0, 200));
  expect(tickOf(now, base, base).ttft).toEqual({ real: { p50: 150, p95: 195 }, simulated: { p50: 50, p95: 95 } });
});

test("what is above all bounds counts as the last of them", () => {
  expect(tickOf(at(1000, ttft("real", 0, 0, 3, 9000)), at(0), at(0)).ttft.real).toEqual({ p50: 200, p95: 200 });
});

test("times of an upstream are those of its own calls, lately and since the start", () => {
  const counted = (metric: "upstream_duration_seconds" | "upstream_time_to_first_token_seconds", ...values: number[]) =>
    [
      { metric, labels: ["openai"], values, boundsMs: Float64Array.of(100, 200) },
      { metric, labels: ["other"], values: [0, 0, 50, 9000], boundsMs: Float64Array.of(100, 200) },
    ] as const;
  const base = at(0, ...counted("upstream_duration_seconds", 10, 0, 0, 500));
  const ttftNow = counted("upstream_time_to_first_token_seconds", 4, 0, 0, 200);
  const now = at(1000, ...counted("upstream_duration_seconds", 10, 10, 0, 2000), ...ttftNow);
  const ttft = { p50: 50, p95: 95 };
  expect(upstreamTimes("openai", now, base)).toEqual({
    recent: { ttft, total: { p50: 150, p95: 195 } },
    sinceStart: { ttft, total: { p50: 100, p95: 190 } },
  });
});

test("an upstream that was not called has no times", () => {
  const none = { ttft: undefined, total: undefined };
  expect(upstreamTimes("openai", at(1000), at(0))).toEqual({ recent: none, sinceStart: none });
});

test("a side without calls has no percentiles", () => {
  expect(tickOf(at(1000, ttft("real", 0, 0, 0, 0)), at(0), at(0)).ttft).toEqual({});
});
