import { columns } from "../../page/table.ts";
import { visible } from "../../plot/markup.ts";
import { headlineOf } from "./headline.ts";
import type { Report } from "./report.ts";
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
