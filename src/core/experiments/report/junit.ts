import { junitXml, type JunitCase } from "../../page/junit.ts";
import { boundsText, expectationText, type Checked } from "../guardrails.ts";
import type { Report } from "./report.ts";
import { textOf } from "./text.ts";

/**
 * A report as JUnit XML: a test case for each expectation, failed where it did not hold, skipped where nothing can be said.
 */
export function junitOf(report: Report): string {
  const { name, id, createdAt, lastSecond, state, verdict } = report;
  const cases = casesOf(report);
  return junitXml({
    name,
    cases,
    seconds: lastSecond,
    timestamp: createdAt,
    failureType: "did not hold",
    properties: { id, state, verdict: verdict.result, ...scopeOf(report) },
    output: textOf(report),
  });
}

function casesOf({ hypothesis = "the hypothesis holds", verdict }: Report): readonly JunitCase[] {
  const { expectations, result, why } = verdict;
  if (expectations.length === 0) return [{ name: hypothesis, skip: why }];
  return expectations.map((checked) => {
    const name = `${checked.metric} ${boundsText(checked)}`;
    if (checked.result === "did not hold") return { name, failure: failureOf(checked) };
    if (checked.result === "inconclusive") return { name, skip: expectationText(checked) };
    // One that holds so far says nothing where the run was cut short.
    if (result === "inconclusive") return { name, skip: why };
    return { name };
  });
}

function failureOf(checked: Checked): string {
  return `${expectationText(checked)}, over ${checked.calls} calls`;
}

function scopeOf({ calls, affected, definition }: Report): Readonly<Record<string, string | number>> {
  const { percentage, seed, match } = definition;
  return { calls, affected, percentage, seed, match: JSON.stringify(match) };
}
