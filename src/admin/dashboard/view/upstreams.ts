import { h, type ComponentChild } from "preact";
import type { Percentiles, UpstreamState } from "../state.ts";
import { breakerSection } from "./breaker.ts";
import { noticeOf } from "./chaos.ts";
import { count, duration, section, shown, table } from "./parts.ts";
import type { Props } from "./types.ts";

/** Where calls are forwarded to: how they do, and what keeps calls from them. */
export function upstreams({ state, view }: Props): ComponentChild[] {
  const { csrf, nowMs } = view;
  return [
    ...noticeOf(view.notice),
    section(
      "Upstreams",
      table(
        "Upstreams",
        [
          "upstream",
          "circuit breaker",
          "calls",
          "errors",
          "served by the stand-in",
          "connections",
          "budget used",
          "URL",
        ],
        state.upstreams.map(rowOf),
      ),
    ),
    timesSection(state.upstreams),
    ...state.upstreams
      .filter(({ breaker }) => breaker !== undefined)
      .map((upstream) => breakerSection(upstream, { csrf, nowMs, sinceMs: nowMs - state.node.uptimeSeconds * 1000 })),
  ];
}

function timesSection(upstreams: readonly UpstreamState[]): ComponentChild {
  return section(
    "Times",
    table(
      "Times of upstreams, p50 / p95",
      ["upstream", "TTFT, lately", "total, lately", "TTFT since the start", "total since the start"],
      upstreams.map(({ name, times: { recent, sinceStart } }) => [
        shown(name),
        ...[recent.ttft, recent.total, sinceStart.ttft, sinceStart.total].map(percentiles),
      ]),
    ),
    h(
      "p",
      { class: "note" },
      "p50 / p95 of the responses that clients got of an upstream, estimated within the buckets of a histogram. Lately: in the last ten seconds, or since somebody last looked.",
    ),
  );
}

function rowOf(upstream: UpstreamState): ComponentChild[] {
  const { name, urls, breaker, forced, calls: total, errors, standIns, pool, budgets } = upstream;
  return [
    shown(name),
    forced === undefined ? (breaker ?? "none") : `forced ${forced.state}`,
    total,
    errors,
    standIns,
    pool === undefined ? "–" : `${count(pool.open)} open, ${count(pool.idle)} idle, ${count(pool.waiting)} waiting`,
    budgets.map(budgetText).join(", ") || "no budget",
    urls.map((url) => shown(url)).join(", "),
  ];
}

function percentiles(of: Percentiles | undefined): string {
  return of === undefined ? "–" : `${duration(of.p50)} / ${duration(of.p95)}`;
}

function budgetText({ kind, used, limit }: UpstreamState["budgets"][number]): string {
  const shownUse = kind === "usdPerDay" ? used.toFixed(2) : count(used);
  return `${shownUse} of ${count(limit)} ${kind} (${Math.floor((used / limit) * 100)} %)`;
}
