import { rounded } from "./guardrails.ts";
import type { Phase, Report } from "./run.ts";

/** A report as a page of Markdown. */
export function markdownOf(report: Report): string {
  const { name, hypothesis, verdict, before, during, duringUntouched } = report;
  return [
    `# ${name}: ${verdict.result}`,
    ...(hypothesis === undefined ? [] : [`> ${hypothesis}`]),
    `${capital(verdict.why)}.`,
    factsOf(report),
    "## Expected",
    expectationsOf(report),
    "## Calls in scope",
    table(
      ["", "calls", "failed, %", "TTFT p50, ms", "p95", "p99", "total p95, ms"],
      [
        ["before", ...cells(before)],
        ["during", ...cells(during)],
        ["during, without a fault", ...cells(duringUntouched)],
      ],
    ),
  ].join("\n\n");
}

function factsOf({ state, by, createdAt, endedAt = "not over", calls, affected, limited, faults }: Report): string {
  const counts = Object.entries(faults).map(([kind, count]) => `${kind} ${count}`);
  const rows = [
    ["State", state],
    ["Started by", by],
    ["From", createdAt],
    ["To", endedAt],
    ["Calls in scope", String(calls)],
    ["Affected", String(affected)],
    ["Passed untouched because of limits", String(limited)],
    ["Faults that took effect", counts.length === 0 ? "none" : counts.join(", ")],
  ];
  return table(["", ""], rows);
}

function expectationsOf({ verdict: { expectations } }: Report): string {
  if (expectations.length === 0) return "Nothing.";
  const rows = expectations.map(({ metric, atMost, atLeast, value, result }) => {
    const bounds = [atMost === undefined ? "" : `≤ ${atMost}`, atLeast === undefined ? "" : `≥ ${atLeast}`];
    return [metric, bounds.join(" ").trim(), value === undefined ? "" : rounded(value), result];
  });
  return table(["metric", "wanted", "was", "result"], rows);
}

function cells({ calls, errorRate, ttftP50Ms, ttftP95Ms, ttftP99Ms, totalP95Ms }: Phase): string[] {
  const values = [errorRate, ttftP50Ms, ttftP95Ms, ttftP99Ms, totalP95Ms];
  return [String(calls), ...values.map((value) => (value === undefined ? "" : rounded(value)))];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (row: readonly string[]): string => `| ${row.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
