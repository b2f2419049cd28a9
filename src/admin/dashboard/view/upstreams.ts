import type { ComponentChild } from "preact";
import type { UpstreamState } from "../state.ts";
import { count, section, shown, table } from "./parts.ts";
import type { Props } from "./types.ts";

/** Where calls are forwarded to. */
export function upstreams({ state }: Props): ComponentChild[] {
  return [
    section(
      "Upstreams",
      table(
        "Upstreams",
        ["upstream", "circuit breaker", "calls", "errors", "served by the stand-in", "budget used"],
        state.upstreams.map(({ name, breaker, calls, errors, standIns, budgets }) => [
          shown(name),
          breaker ?? "none",
          calls,
          errors,
          standIns,
          budgets.map(budgetText).join(", ") || "no budget",
        ]),
      ),
    ),
  ];
}

function budgetText({ kind, used, limit }: UpstreamState["budgets"][number]): string {
  const shownUse = kind === "usdPerDay" ? used.toFixed(2) : count(used);
  return `${shownUse} of ${count(limit)} ${kind} (${Math.floor((used / limit) * 100)} %)`;
}
