import { visible } from "../../plot/markup.ts";
import type { Report } from "./report.ts";
import type { Cell, PageTable } from "../../page/table.ts";
import { factsOf, tablesOf } from "./tables.ts";
import { headlineOf } from "./headline.ts";

/** A report as a page of Markdown. */
export function markdownOf(report: Report): string {
  const { title, why } = headlineOf(report);
  return [
    `# ${escaped(title)}`,
    ...(report.hypothesis === undefined ? [] : [`> ${escaped(report.hypothesis)}`]),
    escaped(why),
    table(["", ""], factsOf(report)),
    ...tablesOf(report).flatMap(sectionOf),
  ].join("\n\n");
}

function sectionOf({ title, note, head, rows }: PageTable): string[] {
  return [`## ${title}`, ...(note === undefined ? [] : [note]), table(head, rows)];
}

function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const line = (row: readonly Cell[]): string => `| ${row.map(cellOf).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function cellOf(cell: Cell): string {
  return typeof cell === "string" ? escaped(cell) : String(cell ?? "");
}

/** A text in which nothing is markup, neither Markdown's nor HTML's. */
function escaped(text: string): string {
  return visible(text)
    .replaceAll("&", "&amp;")
    .replaceAll(/[\\`*_[\]<>|#~]/g, String.raw`\$&`);
}
