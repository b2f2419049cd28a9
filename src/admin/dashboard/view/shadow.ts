import { h, type ComponentChild } from "preact";
import { section, shown, table } from "./parts.ts";
import type { Props } from "./types.ts";

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
