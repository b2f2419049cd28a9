import { h, type ComponentChild } from "preact";
import { cdfPlot, ratioPlot } from "../../../core/shadow/report/plots.ts";
import { comparedIn, headlineOf, stratumTable, stratumText, tablesOf } from "../../../core/shadow/report/tables.ts";
import type { StratumVerdict } from "../../../core/shadow/verdict.ts";
import type { PageTable } from "../../../core/page/table.ts";
import { clock, count, plotFigure, section, shown, table } from "./parts.ts";
import { profileSection, quantileSections } from "./shadow-models.ts";
import type { FoundVerdict, Props } from "./types.ts";

const looks = { match: "good", differs: "bad", "not enough data": "open" } as const;

/** Whether the simulation is like the real side. */
export function shadow({ view }: Props): ComponentChild[] {
  const { shadow: timings, verdict, profiles = [] } = view;
  const strata = timings?.strata ?? [];
  if (strata.length === 0 && verdict === undefined) return [nothing(), profileSection(profiles)];
  return [
    verdict === undefined ? waiting() : verdictSection(verdict),
    ...(verdict?.verdict.strata.filter((stratum) => comparedIn(stratum).length > 0).map(stratumSection) ?? []),
    ...(verdict === undefined ? [] : [allStrata(verdict)]),
    ...quantileSections(strata),
    profileSection(profiles),
  ];
}

function nothing(): ComponentChild {
  return section(
    "Verdict",
    h(
      "p",
      { class: "note" },
      "No call was mirrored. A rule with mirror: simulate compares each forwarded call with what the simulator would have done.",
    ),
  );
}

function waiting(): ComponentChild {
  return section(
    "Verdict",
    h(
      "p",
      { class: "note" },
      "The verdict is being found; that takes some seconds. Without script, load the page again.",
    ),
  );
}

function verdictSection({ atMs, verdict }: FoundVerdict): ComponentChild {
  const { result, calls, moreCalls } = verdict;
  return section(
    "Verdict",
    h(
      "p",
      { class: `verdict ${looks[result]}`, role: "status" },
      h("strong", {}, result),
      shown(headlineOf(verdict), 400),
    ),
    h(
      "p",
      { class: "note" },
      `Over ${count(calls.compared)} mirrored calls, at ${clock(atMs)} UTC. `,
      moreCalls === undefined ? "" : `About ${count(moreCalls)} more calls would settle it. `,
      h("a", { href: "/admin/v1/shadow/report?format=html" }, "The report in full"),
    ),
  );
}

function stratumSection(stratum: StratumVerdict): ComponentChild {
  const { result, moreCalls, calls } = stratum;
  const missing = moreCalls === undefined ? "" : `, about ${count(moreCalls)} more calls are missing`;
  return section(
    shown(stratumText(stratum), 200),
    h("p", { class: "note" }, `${result}, over ${count(calls)} calls${missing}.`),
    h(
      "div",
      { class: "plots pairs" },
      ...comparedIn(stratum).flatMap(([measure, comparison]) => [
        plotFigure(cdfPlot(measure, comparison)),
        plotFigure(ratioPlot(measure, comparison)),
      ]),
    ),
    tableOf(stratumTable(stratum)),
  );
}

function allStrata({ verdict }: FoundVerdict): ComponentChild {
  const [strata] = tablesOf({ ...verdict, strata: verdict.strata.map((each) => ({ ...each, measures: {} })) });
  if (strata === undefined) return section("Strata", h("p", { class: "note" }, "There are none."));
  return section("Strata", h("p", { class: "note" }, strata.note ?? ""), tableOf(strata));
}

function tableOf({ title, head, rows }: PageTable): ComponentChild {
  return table(
    shown(title, 200),
    head,
    rows.map((cells) => cells.map((cell) => (typeof cell === "string" ? shown(cell, 200) : (cell ?? "–")))),
  );
}
