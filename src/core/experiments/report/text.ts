import { visible } from "../../plot/markup.ts";
import { headlineOf } from "./headline.ts";
import type { Report } from "./report.ts";
import type { Cell } from "./table.ts";
import { factsOf, tablesOf } from "./tables.ts";

/** A report as plain text for a terminal. */
export function textOf(report: Report): string {
  const { title, why } = headlineOf(report);
  return [
    visible(title),
    ...(report.hypothesis === undefined ? [] : [visible(report.hypothesis)]),
    visible(why),
    columns(factsOf(report)),
    ...tablesOf(report).map(({ title, head, rows }) => `${title}\n${columns([head, ...rows])}`),
  ].join("\n\n");
}

/** Rows with their cells below each other. */
export function columns(rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map((row) => row.map((cell) => visible(String(cell ?? ""))));
  const widths = (texts[0] ?? []).map((_, column) => widthOf(texts, column));
  return texts.map((row) => `  ${row.map((text, at) => text.padEnd(widths[at] ?? 0)).join("  ")}`.trimEnd()).join("\n");
}

function widthOf(rows: readonly (readonly string[])[], column: number): number {
  return rows.reduce((width, row) => Math.max(width, (row[column] ?? "").length), 0);
}
