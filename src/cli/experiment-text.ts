import { columns } from "../core/page/table.ts";
import { brokenText, type Verdict } from "../core/experiments/guardrails.ts";
import type { RunView } from "../core/experiments/run.ts";

/** A run as the admin API shows it; a report has a verdict as well. */
export type Shown = RunView & { readonly verdict?: Verdict };

/** Whether nothing will happen any more. */
export function isOver({ state }: Shown): boolean {
  return state !== "baseline" && state !== "running";
}

/** A run in one line. */
export function runLine(run: Shown): string {
  const { id, name, state, calls, affected, limited, unservable, endsAt, broken, verdict } = run;
  return [
    `${id}  ${name}  ${state}`,
    `${calls} calls in scope, ${affected} affected${nowText(run)}`,
    ...(limited > 0 ? [`${limited} passed untouched because of limits`] : []),
    ...(unservable > 0 ? [`${unservable} passed untouched because they cannot be served so`] : []),
    ...(broken === undefined ? [] : [brokenText(broken)]),
    ...(endsAt !== undefined && !isOver(run) ? [`until ${endsAt}`] : []),
    ...(verdict !== undefined && isOver(run) ? [`hypothesis: ${verdict.result} (${verdict.why})`] : []),
  ].join("; ");
}

function nowText({ concurrent, maxConcurrent }: Shown): string {
  if (concurrent === undefined) return "";
  return maxConcurrent === undefined ? `, ${concurrent} now` : `, ${concurrent} of at most ${maxConcurrent} now`;
}

/** Runs as a table, with a head; a sentence where there are none. */
export function runTable(runs: readonly Shown[]): string {
  if (runs.length === 0) return "No experiments.\n";
  const head = ["ID", "NAME", "STATE", "CALLS", "AFFECTED", "BY", "ENDS"];
  const rows = runs.map((run) => {
    const { id, name, state, calls, affected, by, endsAt = "", endedAt = "" } = run;
    return [id, name, state, String(calls), String(affected), by, isOver(run) ? endedAt : endsAt];
  });
  return `${columns([head, ...rows], { indent: "" })}\n`;
}
