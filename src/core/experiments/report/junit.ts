import { escapeMarkup } from "../../plot/markup.ts";
import { boundsText, expectationText, type Checked } from "../guardrails.ts";
import type { Report } from "./report.ts";
import { textOf } from "./text.ts";

/**
 * A report as JUnit XML: a test case for each expectation, failed where it did not hold, skipped where nothing can be said.
 *
 * @see https://github.com/jenkinsci/xunit-plugin/blob/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd
 */
export function junitOf(report: Report): string {
  const { name, id, createdAt, lastSecond, state, verdict } = report;
  const cases = casesOf(report);
  const failures = cases.filter(({ failure }) => failure !== undefined).length;
  const skipped = cases.filter(({ skip }) => skip !== undefined).length;
  const counts = { tests: cases.length, failures, errors: 0 };
  const properties = { id, state, verdict: verdict.result, ...scopeOf(report) };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: "stuntdouble", ...counts, time: lastSecond })}>`,
    `<testsuite${attributes({ name, ...counts, skipped, time: lastSecond, timestamp: createdAt.slice(0, 19) })}>`,
    "<properties>",
    ...Object.entries(properties).map(([name, value]) => `<property${attributes({ name, value })}/>`),
    "</properties>",
    ...cases.map((each) => caseXml(name, each)),
    `<system-out>${escapeLines(textOf(report))}</system-out>`,
    "</testsuite>",
    "</testsuites>",
  ].join("\n");
}

type Case = { readonly name: string; readonly failure?: string; readonly skip?: string };

function casesOf({ hypothesis = "the hypothesis holds", verdict }: Report): readonly Case[] {
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

function caseXml(suite: string, { name, failure, skip }: Case): string {
  const open = `<testcase${attributes({ name, classname: suite })}`;
  if (failure !== undefined)
    return `${open}><failure${attributes({ type: "did not hold", message: failure })}>${escapeMarkup(failure)}</failure></testcase>`;
  if (skip !== undefined) return `${open}><skipped${attributes({ message: skip })}/></testcase>`;
  return `${open}/>`;
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeMarkup(String(value))}"`)
    .join("");
}

/** Line ends stay as they are. */
function escapeLines(text: string): string {
  return text.split("\n").map(escapeMarkup).join("\n");
}
