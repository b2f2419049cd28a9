import { details, figureOf, pageHtml, section } from "../../page/page.ts";
import { tableHtml, type PageTable } from "../../page/table.ts";
import { escapeMarkup } from "../../plot/markup.ts";
import { clockText } from "../../plot/scale.ts";
import { rounded } from "../guardrails.ts";
import { headlineOf } from "./headline.ts";
import { guardrailPlots, timelinePlots, ttftPlot } from "./plots.ts";
import type { Report } from "./report.ts";
import { factsOf, partNames, tablesOf } from "./tables.ts";

/** A report as one page of HTML that needs nothing else: no script, no font, no image. */
export function htmlOf(report: Report): string {
  const { title } = headlineOf(report);
  return pageHtml(title, [
    ...headOf(report),
    ...timelineOf(report),
    ...distributionOf(report),
    ...guardrailsOf(report),
    ...tablesOf(report).map(sectionOf),
    section("Facts", tableHtml({ title: "Facts", head: ["", ""], rows: factsOf(report) })),
  ]);
}

const signs = { held: "✓", "did not hold": "✗", inconclusive: "?" } as const;
const looks = { held: "good", "did not hold": "bad", inconclusive: "open" } as const;

function headOf(report: Report): string[] {
  const { name, hypothesis, verdict, createdAt, lastSecond } = report;
  const { result } = verdict;
  return [
    "<header>",
    `<p class="kind">Chaos experiment · ${escapeMarkup(createdAt.replace("T", " ").slice(0, 19))} UTC · ${clockText(lastSecond)} min</p>`,
    `<h1>${escapeMarkup(name)}</h1>`,
    ...(hypothesis === undefined ? [] : [`<p class="hypothesis">${escapeMarkup(hypothesis)}</p>`]),
    `<p class="verdict ${looks[result]}"><strong><span aria-hidden="true">${signs[result]}</span> ${result === "inconclusive" ? "Inconclusive" : `The hypothesis ${result}`}</strong> ${escapeMarkup(headlineOf(report).why)}</p>`,
    "</header>",
    figuresOf(report),
  ];
}

function figuresOf({ state, calls, affected, limited, before, during, after }: Report): string {
  const percent = calls === 0 ? "" : `${rounded((100 * affected) / calls)} % of those in scope`;
  const limits = limited === 0 ? "" : `${limited} more passed because of limits`;
  const change = (of: "errorRate" | "ttftP95Ms"): string =>
    [before[of], after[of]].every((value) => value === undefined)
      ? ""
      : `before ${shown(before[of])}, after ${shown(after[of])}`;
  const figures = [
    ["State", state, ""],
    ["Calls in scope", String(calls), ""],
    ["Affected", String(affected), [percent, limits].filter((text) => text !== "").join("; ")],
    ["Failed during, %", shown(during.errorRate), change("errorRate")],
    ["TTFT p95 during, ms", shown(during.ttftP95Ms), change("ttftP95Ms")],
  ];
  const items = figures.map(([name = "", value = "", note = ""]) => {
    const detail = note === "" ? "" : `<small>${escapeMarkup(note)}</small>`;
    return `<div><dt>${escapeMarkup(name)}</dt><dd>${escapeMarkup(value)}${detail}</dd></div>`;
  });
  return `<dl class="figures">${items.join("")}</dl>`;
}

function shown(value: number | undefined): string {
  return value === undefined ? "–" : rounded(value);
}

function timelineOf(report: Report): string[] {
  const { timeline } = report;
  if (timeline.length === 0) return [section("Timeline", "<p>No call in scope has ended.</p>")];
  const head = [
    "time",
    "offered",
    "affected",
    "injected",
    "failed",
    "given up",
    "real errors",
    "TTFT, ms",
    "TTFT without a fault, ms",
  ];
  const rows = timeline.map(({ second, calls, affected, injected, failed, left, realFailed, ttftMs, realTtftMs }) => [
    clockText(second),
    calls,
    affected,
    injected,
    failed,
    left,
    realFailed,
    ...[ttftMs, realTtftMs].map((value) => (value === undefined ? undefined : Number(rounded(value)))),
  ]);
  const table = tableHtml({ title: "Timeline", head, rows });
  const seconds = timeline[0]?.seconds ?? 1;
  const summary = `As a table, each row ${seconds === 1 ? "a second" : `${seconds} seconds`}`;
  return [section("Timeline", [...timelinePlots(report).map(figureOf), details(summary, table)].join(""))];
}

function distributionOf(report: Report): string[] {
  const plot = ttftPlot(report);
  if (plot === undefined) return [];
  const parts = (["before", "during", "duringUntouched", "after"] as const).filter(
    (part) => report.ttft[part].length > 0,
  );
  const rows = [10, 25, 50, 75, 90, 95, 99, 100].map((percent) => [
    `${percent} %`,
    ...parts.map((part) => {
      const point = report.ttft[part].find((each) => each.percent >= percent - 1e-9);
      return point === undefined ? undefined : Number(rounded(point.ms));
    }),
  ]);
  const head = ["of the calls within, ms", ...parts.map((part) => partNames[part])];
  return [section("Time to first token", figureOf(plot) + tableHtml({ title: "Time to first token", head, rows }))];
}

function guardrailsOf(report: Report): string[] {
  const plots = guardrailPlots(report);
  return plots.length === 0 ? [] : [section("Guardrails over time", plots.map(figureOf).join(""))];
}

function sectionOf(table: PageTable): string {
  const note = table.note === undefined ? "" : `<p class="note">${escapeMarkup(table.note)}</p>`;
  return section(table.title, note + tableHtml(table));
}
