import { spawnSync } from "node:child_process";
import path from "node:path";
import { expect, test } from "vitest";
import { junitOf } from "../../../../../src/core/experiments/report/junit.ts";
import { findProgram } from "../../../../support/programs/index.ts";
import { describeWith } from "../../../../support/programs/missing.ts";
import { brownoutReport, repeated, reportWith } from "./sample.ts";

const expectations = [
  { metric: "errorRate", atMost: 1 },
  { metric: "ttftP95Ms", atMost: 1000 },
  { metric: "itlP99Ms", atMost: 1000, minCalls: 5000 },
];
const failing = repeated(50, { outcome: { status: 503, faults: ["status"] } });

const cases = (xml: string): string[] => xml.split("\n").filter((line) => line.startsWith("<testcase"));

test("each expectation is a test case: failed, passed, or skipped where there were too few calls", () => {
  const [failed, ...others] = cases(junitOf(reportWith(failing, { expect: expectations })));
  expect(failed).toBe(
    '<testcase name="errorRate at most 1" classname="outage"><failure type="did not hold" message="errorRate was 100, wanted at most 1, over 50 calls">errorRate was 100, wanted at most 1, over 50 calls</failure></testcase>',
  );
  expect(others).toEqual([
    '<testcase name="ttftP95Ms at most 1000" classname="outage"/>',
    '<testcase name="itlP99Ms at most 1000" classname="outage"><skipped message="itlP99Ms: 50 calls, 5000 are needed"/></testcase>',
  ]);
});

test("what held until the run was halted is skipped, with the guardrail that halted it", () => {
  const broken = { metric: "errorRate" as const, above: 5, value: 30 };
  const report = reportWith(repeated(50), { expect: [expectations[1]] }, { state: "halted", broken });
  expect(cases(junitOf(report))).toEqual([
    '<testcase name="ttftP95Ms at most 1000" classname="outage"><skipped message="it was halted: errorRate was 30, above 5"/></testcase>',
  ]);
});

test("without expectations the hypothesis is a test case that is skipped", () => {
  const report = reportWith(failing, { hypothesis: "Nothing <breaks>" });
  expect(cases(junitOf(report))).toEqual([
    '<testcase name="Nothing &lt;breaks&gt;" classname="outage"><skipped message="nothing was expected"/></testcase>',
  ]);
});

test("the suite counts its test cases", () => {
  expect(junitOf(reportWith(failing, { expect: expectations }))).toContain(
    '<testsuite name="outage" tests="3" failures="1" errors="0" skipped="1" time="60" timestamp="1970-01-01T00:00:00">',
  );
});

describeWith(
  "xmllint",
  findProgram("xmllint", "STUNTDOUBLE_XMLLINT"),
  "against the schema that CI systems read",
  (xmllint) => {
    const schema = path.join(import.meta.dirname, "junit.xsd");
    const evil = "</testcase>\u001B[31m&\u0000\uFFFF\uD800]]>";
    test.each([
      ["a whole run", brownoutReport()],
      ["an empty one", reportWith([])],
      ["one with names that try to break out", reportWith(failing, { hypothesis: evil }, { by: evil })],
    ])("%s is valid", (_name, report) => {
      const { stderr, status } = spawnSync(xmllint, ["--noout", "--schema", schema, "-"], {
        input: junitOf(report),
        encoding: "utf8",
      });
      expect({ status, stderr: stderr.trim() }).toEqual({ status: 0, stderr: "- validates" });
    });
  },
);
