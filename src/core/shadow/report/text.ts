import { columns } from "../../page/table.ts";
import { visible } from "../../plot/markup.ts";
import type { Verdict } from "../verdict.ts";
import { factsOf, headlineOf, tablesOf } from "./tables.ts";

/** A verdict as plain text for a terminal. */
export function textOf(verdict: Verdict): string {
  return [
    `${verdict.result}: ${visible(headlineOf(verdict))}`,
    columns(factsOf(verdict)),
    ...tablesOf(verdict).map(({ title, head, rows }) => `${visible(title)}\n${columns([head, ...rows])}`),
  ].join("\n\n");
}
