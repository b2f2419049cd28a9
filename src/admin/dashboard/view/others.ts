import { h, type ComponentChild } from "preact";
import type { UpstreamState } from "../state.ts";
import { count, section, shown, table } from "./parts.ts";
import type { Props } from "./types.ts";

/** The rules in their order, with what they decided. */
export function rules({ state }: Props): ComponentChild[] {
  const never = state.rules.filter(({ hits, name }) => hits === 0 && name !== "default").map(({ name }) => shown(name));
  return [
    section(
      "Rules, in the order in which they are tried",
      table(
        "Rules",
        ["rule", "what it does", "calls"],
        state.rules.map(({ name, serve, hits }) => [shown(name), shown(serve), hits]),
      ),
      h("p", { class: "note" }, never.length === 0 ? "Each rule has matched." : `Never matched: ${never.join(", ")}.`),
    ),
  ];
}

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

const measures = [
  ["ttftMs", "TTFT (ms)"],
  ["gapMs", "ITL (ms)"],
  ["totalMs", "total (ms)"],
  ["tokens", "tokens"],
] as const;
const quantiles = ["p50", "p90", "p95", "p99"] as const;

/** Whether the simulation is like the real side. */
export function shadow({ view }: Props): ComponentChild[] {
  const strata = view.shadow?.strata ?? [];
  if (strata.length === 0)
    return [
      section(
        "Shadow",
        h(
          "p",
          { class: "note" },
          "No call was mirrored. A rule with mirror: simulate compares each forwarded call with what the simulator would have done.",
        ),
      ),
    ];
  return strata.map(({ model, stream, pairs, measures: measured }) =>
    section(
      `${shown(model)}, ${stream ? "streamed" : "not streamed"}: ${pairs} pairs`,
      table(
        `Quantiles of ${shown(model)}`,
        ["measure", "side", ...quantiles],
        measures.flatMap(([measure, title]) => {
          const of = measured[measure];
          if (of === undefined) return [];
          return [
            [title, "real", ...quantiles.map((name) => rounded(of.real[name]))],
            ["", "simulated", ...quantiles.map((name) => rounded(of.simulated[name]))],
            ["", "simulated / real", ...quantiles.map((name) => rounded(of.ratio[name]))],
          ];
        }),
      ),
    ),
  );
}

function rounded(value: number | null): string {
  return value === null ? "–" : String(Number(value.toPrecision(3)));
}

/** The configuration in force. */
export function config({ state, view }: Props): ComponentChild[] {
  return [
    section(
      `Generation ${state.node.generation}`,
      h("p", { class: "note" }, "The configuration in force, with all defaults. It names secrets and holds none."),
      h("pre", { tabIndex: 0 }, view.config ?? ""),
    ),
  ];
}
