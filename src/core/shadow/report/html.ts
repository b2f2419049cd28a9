import { details, figureOf, pageHtml, section } from "../../page/page.ts";
import { tableHtml } from "../../page/table.ts";
import { escapeMarkup } from "../../plot/markup.ts";
import type { Measure } from "../observed.ts";
import type { Comparison, Result } from "../types.ts";
import type { StratumVerdict, Verdict } from "../verdict.ts";
import { cdfPlot, gapPlot, qqPlot, ratioPlot } from "./plots.ts";
import { comparedIn, factsOf, headlineOf, measureNames, rounded, stratumTable, tablesOf, timeText } from "./tables.ts";

const signs: { readonly [result in Result]: string } = { match: "✓", differs: "✗", "not enough data": "?" };
const looks: { readonly [result in Result]: string } = { match: "good", differs: "bad", "not enough data": "open" };
const names: { readonly [result in Result]: string } = {
  match: "Match",
  differs: "Differs",
  "not enough data": "Not enough data",
};
/** Strata that have plots; the tables show all. */
const maxPlotted = 8;

/** A verdict as one page of HTML that needs nothing else. */
export function htmlOf(verdict: Verdict): string {
  const { strata } = verdict;
  const [overview] = tablesOf(verdict);
  return pageHtml(`Shadow: ${verdict.result}`, [
    ...headOf(verdict),
    ...(overview === undefined ? [] : [section(overview.title, noteOf(overview.note) + tableHtml(overview))]),
    ...strata.slice(0, maxPlotted).map(stratumSection),
    ...strata.slice(maxPlotted).map((stratum) => {
      const table = stratumTable(stratum);
      return section(table.title, tableHtml(table));
    }),
    section("Facts", tableHtml({ title: "Facts", head: ["", ""], rows: factsOf(verdict) })),
  ]);
}

function noteOf(note: string | undefined): string {
  return note === undefined ? "" : `<p class="note">${escapeMarkup(note)}</p>`;
}

function headOf(verdict: Verdict): string[] {
  const { result, period } = verdict;
  const times = period === undefined ? "" : ` · ${timeText(period.from)} to ${timeText(period.to)}`;
  return [
    "<header>",
    `<p class="kind">Shadow report${times}</p>`,
    "<h1>Is the simulation true?</h1>",
    `<p class="verdict ${looks[result]}"><strong><span aria-hidden="true">${signs[result]}</span> ${names[result]}</strong> ${escapeMarkup(headlineOf(verdict))}</p>`,
    "</header>",
  ];
}

function stratumSection(stratum: StratumVerdict): string {
  const { result, decides } = stratum;
  const table = stratumTable(stratum);
  const aside = decides ? "" : ", but has too few of the calls to decide";
  const gaps = gapPlot(stratum);
  return section(
    table.title,
    [
      `<p class="verdict ${looks[result]}"><strong><span aria-hidden="true">${signs[result]}</span> ${names[result]}</strong>${aside}</p>`,
      tableHtml(table),
      ...(gaps === undefined ? [] : [figureOf(gaps)]),
      ...comparedIn(stratum).map(([measure, found], index) => measureHtml(measure, found, index === 0)),
    ].join(""),
  );
}

/** @param isOpen shown without being asked for */
function measureHtml(measure: Measure, found: Comparison, isOpen: boolean): string {
  if (found.quantiles.length === 0) return "";
  const plots = [cdfPlot, ratioPlot, qqPlot].map((plot) => figureOf(plot(measure, found))).join("");
  const { distance, noise, ks } = found;
  const share = distance.share === null ? "" : `; ${rounded(distance.share * 100)} % of the mean`;
  const itself = noise.limit === null ? "" : `; the real side is up to ${rounded(noise.limit)} from itself`;
  const told = `Mean distance of both sides ${rounded(distance.value)} (Wasserstein${share})${itself}. KS distance ${rounded(ks)}.`;
  const content = noteOf(told) + plots;
  return isOpen ? `<h3>${measureNames[measure]}</h3>${content}` : details(`Plots of ${measureNames[measure]}`, content);
}
