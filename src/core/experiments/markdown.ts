import { rounded } from "./guardrails.ts";
import type { Phase, Report } from "./run.ts";

/** A report as a page of Markdown. */
export function markdownOf(report: Report): string {
  const { name, hypothesis, verdict, state, by, createdAt, endedAt, calls, affected, limited, faults } = report;
  return [
    `# ${name}: ${verdict.result}`,
    ...(hypothesis === undefined ? [] : [`> ${hypothesis}`]),
    `${capital(verdict.why)}.`,
    table(
      ["", ""],
      [
        ["State", state],
        ["Started by", by],
        ["From", createdAt],
        ["To", endedAt ?? "not over"],
        ["Calls in scope", String(calls)],
        ["Affected", String(affected)],
        ["Passed untouched because of limits", String(limited)],
        [
          "Faults that took effect",
          Object.entries(faults)
            .map(([kind, count]) => `${kind} ${count}`)
            .join(", ") || "none",
        ],
      ],
    ),
    "## Expected",
    verdict.expectations.length === 0
      ? "Nothing."
      : table(
          ["metric", "wanted", "was", "result"],
          verdict.expectations.map(({ metric, atMost, atLeast, value, result }) => [
            metric,
            [atMost === undefined ? "" : `≤ ${atMost}`, atLeast === undefined ? "" : `≥ ${atLeast}`].join(" ").trim(),
            value === undefined ? "" : rounded(value),
            result,
          ]),
        ),
    "## Calls in scope",
    table(
      ["", "calls", "failed, %", "TTFT p50, ms", "p95", "p99", "total p95, ms"],
      [
        ["before", ...cells(report.before)],
        ["during", ...cells(report.during)],
        ["during, without a fault", ...cells(report.duringUntouched)],
      ],
    ),
  ].join("\n\n");
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
