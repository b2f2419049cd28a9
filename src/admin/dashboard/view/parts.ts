import { h, type ComponentChild } from "preact";
import { visible } from "../../../core/plot/markup.ts";
import { plotSvg, legendHtml, type Look, type Plot, type Series } from "../../../core/plot/plot.ts";
import { linearAxis, type Axis } from "../../../core/plot/scale.ts";
import type { Mistake } from "../../configuration.ts";
import type { Tick } from "../state.ts";

/** A cell of a table: text, a number, or something of its own. */
export type CellContent = ComponentChild;

/** Longer texts of callers are cut in lists. */
const maxText = 80;

/** A text of somebody else's: nothing in it acts, and it does not fill the page. */
export function shown(text: string | undefined, max = maxText): string {
  if (text === undefined) return "–";
  const safe = visible(text.slice(0, max + 1));
  return text.length > max ? `${safe.slice(0, max)}…` : safe;
}

/** Milliseconds as a person reads them. */
export function duration(ms: number | undefined): string {
  if (ms === undefined) return "–";
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export function count(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en-US") : String(Number(value.toFixed(1)));
}

/** A time of day in UTC. */
export function clock(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}

/** What is left until a time: `m:ss`. */
export function left(untilMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.ceil((untilMs - nowMs) / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** A table that scrolls by itself where it is wider than the page. */
export function table(
  title: string,
  head: readonly string[],
  rows: readonly (readonly CellContent[])[],
): ComponentChild {
  if (rows.length === 0) return h("p", { class: "note" }, `${title}: none.`);
  const lines = rows.map(([first, ...cells]) =>
    h("tr", {}, h("th", { scope: "row" }, first), ...cells.map((cell) => h("td", { class: classOf(cell) }, cell))),
  );
  const heads = head.map((text, column) => {
    const isNumeric = column > 0 && rows.every((row) => typeof row[column] === "number");
    return h("th", { scope: "col", class: isNumeric ? "number" : "" }, text);
  });
  const body = h("table", {}, h("thead", {}, h("tr", {}, ...heads)), h("tbody", {}, ...lines));
  return h("div", { class: "scroll", role: "region", "aria-label": title, tabIndex: 0 }, body);
}

function classOf(cell: CellContent): string {
  return typeof cell === "number" ? "number" : "";
}

/** Figures side by side, each with what it is. */
export function figures(entries: readonly (readonly [name: string, value: string, small?: string])[]): ComponentChild {
  const boxes = entries.map(([name, value, small = ""]) =>
    h("div", {}, h("dt", {}, name), h("dd", {}, value, h("small", {}, small))),
  );
  return h("dl", { class: "figures" }, ...boxes);
}

/** A part of a page. */
export function section(title: string, ...content: readonly ComponentChild[]): ComponentChild {
  return h("section", {}, h("h2", {}, title), ...content);
}

/** Errors or warnings, each with its line. */
export function mistakes(title: string, found: readonly Mistake[]): ComponentChild {
  if (found.length === 0) return h("p", { class: "note" }, `${title}: none.`);
  return h("ul", { class: "mistakes", "aria-label": title }, ...found.map(oneMistake));
}

function oneMistake({ place, message, text, column }: Mistake): ComponentChild {
  const line =
    text === undefined
      ? []
      : [h("pre", { tabIndex: 0 }, `${shown(text, 500)}\n${" ".repeat(Math.min(500, (column ?? 1) - 1))}^`)];
  return h("li", {}, h("strong", {}, shown(place, 300)), " ", shown(message, 1000), ...line);
}

/** A button that changes something: a form of its own, so that it works without script too. */
export function actionButton(label: string, action: string, values: Readonly<Record<string, string>>): ComponentChild {
  const fields = Object.entries(values).map(([name, value]) => h("input", { type: "hidden", name, value }));
  return h(
    "form",
    { method: "post", action: `/dashboard/do/${action}`, class: "inline" },
    ...fields,
    h("button", {}, label),
  );
}

/** One line of a plot over time; undefined is a gap in it. */
export type Line = { readonly name: string; readonly look: Look; readonly value: (tick: Tick) => number | undefined };

/** What a plot over time shows. `limit` is a line across, where there is room for it. */
export type Plotted = {
  readonly ticks: readonly Tick[];
  readonly lines: readonly Line[];
  readonly limit?: { readonly y: number; readonly label: string };
};

/** A plot over the latest two minutes. */
export function timePlot(title: string, unit: string, plotted: Plotted): ComponentChild {
  return plotFigure(plotOf(title, unit, plotted));
}

/** A plot with its title and its legend. */
export function plotFigure(plot: Plot): ComponentChild {
  return h(
    "figure",
    {},
    h("figcaption", {}, plot.title),
    h("div", { dangerouslySetInnerHTML: { __html: legendHtml(plot.series) } }),
    h("div", { dangerouslySetInnerHTML: { __html: plotSvg(plot, { width: 400, height: 180 }) } }),
  );
}

const seconds = 120;

function plotOf(title: string, unit: string, { ticks, lines, limit }: Plotted): Plot {
  const endMs = ticks.at(-1)?.atMs ?? 0;
  const series = lines.map(({ name, look, value }): Series => ({
    name,
    look,
    join: "straight",
    runs: runsOf(ticks, endMs, value),
  }));
  const highest = series.flatMap(({ runs }) => runs.flat()).reduce((most, { y }) => Math.max(most, y), 0);
  // A limit far above would press all lines to the ground.
  const limits = limit !== undefined && limit.y <= highest * 4 ? [limit] : [];
  return {
    title,
    description: `${title} over the last two minutes`,
    x: ago,
    y: linearAxis(unit, Math.max(highest, ...limits.map(({ y }) => y)), { count: 4 }),
    series,
    limits,
  };
}

const ago: Axis = {
  label: "seconds ago",
  from: 0,
  to: seconds,
  kind: "linear",
  ticks: [0, 30, 60, 90, 120],
  text: (value) => String(seconds - value),
};

function runsOf(ticks: readonly Tick[], endMs: number, value: Line["value"]): Series["runs"] {
  const runs: { x: number; y: number }[][] = [[]];
  for (const tick of ticks) {
    const y = value(tick);
    if (y === undefined) runs.push([]);
    else runs.at(-1)?.push({ x: seconds - (endMs - tick.atMs) / 1000, y });
  }
  return runs.filter((run) => run.length > 0).map((run) => run.filter(({ x }) => x >= 0));
}
