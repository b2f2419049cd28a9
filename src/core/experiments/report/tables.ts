import { stagesOf, type StageDefinition } from "../definition.ts";
import { boundsText, brokenText, isBeyond, limitText, rounded, worseOf } from "../guardrails.ts";
import type { FaultConfig } from "../../types.ts";
import type { Cell, PageTable } from "../../page/table.ts";
import { clockText } from "../../plot/scale.ts";
import { clientsTable } from "./clients-table.ts";
import type { Part, Report, Summary } from "./report.ts";

/** All that a report says besides its verdict, as tables; those with nothing to say are absent. */
export function tablesOf(report: Report): readonly PageTable[] {
  const tables = [expected, calls, stages, injected, guardrails, clientsTable].map((make) => make(report));
  return tables.filter(({ rows }) => rows.length > 0);
}

/** The facts of a run: what it is, who started it, when, and how many calls it met. */
export function factsOf(report: Report): readonly (readonly [string, Cell])[] {
  const {
    id,
    state,
    by,
    createdAt,
    endedAt = state === "expired" ? "unknown" : "not over",
    definition,
    limited,
    unservable,
    faults,
    stoppedBy,
    broken,
  } = report;
  const counts = Object.entries(faults).map(([kind, count]) => `${kind} ${count}`);
  return [
    ["Id", id],
    ["State", state],
    ["Started by", by],
    ...(stoppedBy === undefined ? [] : [["Stopped by", stoppedBy] as const]),
    ["From", createdAt],
    ["To", endedAt],
    ["Scope", Object.keys(definition.match).length === 0 ? "every call" : JSON.stringify(definition.match)],
    ["Percentage", definition.percentage],
    ["Seed", definition.seed],
    ["Calls in scope", report.calls],
    ["Affected", report.affected],
    ["Passed untouched because of limits", limited],
    ...(unservable === 0 ? [] : [["Passed untouched because they cannot be served so", unservable] as const]),
    ["Faults that took effect", counts.length === 0 ? "none" : counts.join(", ")],
    ...(broken === undefined ? [] : [["Broken guardrail", brokenText(broken)] as const]),
  ];
}

function expected({ verdict }: Report): PageTable {
  const rows = verdict.expectations.map((checked) => {
    const { metric, value, calls, result } = checked;
    return [metric, boundsText(checked), value === undefined ? undefined : rounded(value), calls, result];
  });
  return { title: "Expected", head: ["metric", "wanted", "was", "calls", "result"], rows };
}

/** What each part of a run is called. */
export const partNames: { readonly [In in Part]: string } = {
  before: "before",
  during: "during",
  duringUntouched: "during, without a fault",
  after: "after",
};

function calls({ before, during, duringUntouched, after }: Report): PageTable {
  const rows = Object.entries({ before, during, duringUntouched, after } satisfies Record<Part, Summary>);
  return {
    title: "Calls in scope",
    note: "Before: the baseline. During: from the first stage to the end of the last one with a fault. After: stages without a fault at the end. A call counts where it began.",
    head: ["", "calls", "failed, %", "TTFT p50, ms", "p95", "p99", "total p95, ms"],
    rows: rows.map(([part, { calls, errorRate, ttftP50Ms, ttftP95Ms, ttftP99Ms, totalP95Ms }]) => {
      const values = [errorRate, ttftP50Ms, ttftP95Ms, ttftP99Ms, totalP95Ms];
      return [
        nameOf(part),
        calls,
        ...values.map((value) => (value === undefined ? undefined : Number(rounded(value)))),
      ];
    }),
  };
}

function nameOf(part: string): string {
  return Object.entries(partNames).find(([name]) => name === part)?.[1] ?? part;
}

function stages({ stages: spans, definition }: Report): PageTable {
  const all = stagesOf(definition);
  const rows = spans.map(({ name, fromSecond, toSecond, rampSeconds, faults }, index) => {
    const stage = all[index];
    const parameters = stage === undefined ? faults : [...servingTexts(stage), ...stage.faults.map(faultText)];
    const shown = parameters.length === 0 ? "none" : parameters.join(", ");
    return [index + 1, name, clockText(fromSecond), clockText(toSecond), clockText(rampSeconds), shown];
  });
  return { title: "Stages", head: ["", "stage", "from", "to", "ramp", "faults"], rows };
}

function servingTexts({ serve, upstream, profile }: StageDefinition): string[] {
  const given = Object.entries({ serve, upstream, profile }).filter(([, value]) => value !== undefined);
  return given.length === 0 ? [] : [given.map(([name, value]) => `${name}=${value}`).join(";")];
}

/** A fault as the control header writes it. */
function faultText({ kind, ...parameters }: FaultConfig): string {
  const texts = Object.entries(parameters).map(([name, value]) => {
    return `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`;
  });
  return [kind, ...texts].join(";");
}

function injected({ injected }: Report): PageTable {
  return {
    title: "What was injected where",
    note: "Faults that took effect on calls in scope, those of rules included, and where calls were served from instead.",
    head: ["fault", "stage", "rule", "model", "calls"],
    rows: injected.map(({ kind, stage, rule, model, count }) => [kind, stage, rule, model, count]),
  };
}

function guardrails({ definition, timeline }: Report): PageTable {
  const rows = definition.guardrails.map((guardrail, index) => {
    const { metric, overMs, minCalls } = guardrail;
    const values = timeline.flatMap(({ guardrails: values }) => values[index] ?? []);
    const worst = values.reduce<number | undefined>(
      (most, value) => worseOf(guardrail, most ?? value, value),
      undefined,
    );
    const told = worst === undefined ? "too few calls" : isBeyond(guardrail, worst) ? "yes" : "no";
    const shown = worst === undefined ? undefined : Number(rounded(worst));
    return [metric, limitText(guardrail), overMs / 1000, minCalls, shown, told];
  });
  return {
    title: "Guardrails",
    note: "Over calls on which no fault acted; what clients do, over all calls.",
    head: ["metric", "halts", "over, s", "min calls", "worst", "broken"],
    rows,
  };
}
