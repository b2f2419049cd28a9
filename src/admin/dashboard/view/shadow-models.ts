import { h, type ComponentChild } from "preact";
import type { ShadowReport } from "../../../core/shadow/store.ts";
import { section, shown, table } from "./parts.ts";

const measures = [
  ["ttftMs", "TTFT (ms)"],
  ["gapMs", "ITL (ms)"],
  ["totalMs", "total (ms)"],
  ["tokens", "tokens"],
] as const;
const quantiles = ["p50", "p90", "p95", "p99"] as const;

/** The quantiles of both sides, by model, and a profile to be fitted to the real one. */
export function quantileSections(strata: ShadowReport["strata"]): ComponentChild[] {
  return strata.map(({ model, stream, pairs, measures: measured }) =>
    section(
      `${shown(model)}, ${stream ? "streamed" : "not streamed"}: ${pairs} pairs`,
      table(
        `Quantiles of ${shown(model)}, ${stream ? "streamed" : "not streamed"}`,
        ["measure", "side", ...quantiles],
        measures.flatMap(([measure, title]) => {
          const of = measured[measure];
          if (of === undefined) return [];
          return [
            [title, "real", ...quantiles.map((name) => rounded(of.real[name]))],
            [title, "simulated", ...quantiles.map((name) => rounded(of.simulated[name]))],
            [title, "simulated / real", ...quantiles.map((name) => rounded(of.ratio[name]))],
          ];
        }),
      ),
      fitLink(model),
    ),
  );
}

/** The longest name of a model for which a profile can be fitted. */
const maxModel = 200;

function fitLink(model: string | undefined): ComponentChild {
  if (model === undefined || model.length > maxModel) return "";
  const href = `/admin/v1/profiles/fit?model=${encodeURIComponent(model)}`;
  return h("p", {}, h("a", { href }, `Fit a profile to the real calls of ${shown(model)}, and save it`));
}

function rounded(value: number | null): string {
  return value === null ? "–" : String(Number(value.toPrecision(3)));
}

/** The profiles that calls can be simulated with, each as a page with plots. */
export function profileSection(profiles: readonly string[]): ComponentChild {
  if (profiles.length === 0) return section("Latency profiles", h("p", { class: "note" }, "There are none."));
  return section(
    "Latency profiles",
    h(
      "form",
      { method: "get", action: "/admin/v1/profiles/preview", class: "fields" },
      h(
        "label",
        {},
        "Profile",
        h("select", { name: "profile" }, ...profiles.map((name) => h("option", { value: name }, shown(name)))),
      ),
      h("button", {}, "Show its plots"),
    ),
  );
}
