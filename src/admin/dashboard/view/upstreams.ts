import { h, type ComponentChild } from "preact";
import { quantileOf } from "../../../core/statistics/quantile.ts";
import type { Call, UpstreamState } from "../state.ts";
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
          "TTFT, p50 / p95",
          "total, p50 / p95",
          "connections",
          "budget used",
        ],
        state.upstreams.map((upstream) => rowOf(upstream, state.calls)),
      ),
      h(
        "p",
        { class: "note" },
        "Times are of the latest real calls in the list of calls; connections of all event loops.",
      ),
    ),
    ...state.upstreams
      .filter(({ breaker }) => breaker !== undefined)
      .map((upstream) => breakerSection(upstream, { csrf, nowMs, sinceMs: nowMs - state.node.uptimeSeconds * 1000 })),
  ];
}

function rowOf(upstream: UpstreamState, calls: readonly Call[]): ComponentChild[] {
  const { name, breaker, forced, calls: total, errors, standIns, pool, budgets } = upstream;
  const own = calls.filter((call) => call.upstream === name && call.mode === "real");
  return [
    shown(name),
    forced === undefined ? (breaker ?? "none") : `forced ${forced.state}`,
    total,
    errors,
    standIns,
    timesOf(own.flatMap(({ ttftMs }) => ttftMs ?? [])),
    timesOf(own.map(({ totalMs }) => totalMs)),
    pool === undefined ? "–" : `${count(pool.open)} open, ${count(pool.idle)} idle, ${count(pool.waiting)} waiting`,
    budgets.map(budgetText).join(", ") || "no budget",
  ];
}

/** Median and 95th percentile. */
function timesOf(values: readonly number[]): string {
  if (values.length === 0) return "–";
  const sorted = Float64Array.from(values).sort();
  return `${duration(quantileOf(sorted, 0.5))} / ${duration(quantileOf(sorted, 0.95))}`;
}

function budgetText({ kind, used, limit }: UpstreamState["budgets"][number]): string {
  const shownUse = kind === "usdPerDay" ? used.toFixed(2) : count(used);
  return `${shownUse} of ${count(limit)} ${kind} (${Math.floor((used / limit) * 100)} %)`;
}
