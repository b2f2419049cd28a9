import { junitXml, type JunitCase } from "../../page/junit.ts";
import { gatesText, quantileName } from "../gates.ts";
import type { Measure } from "../observed.ts";
import type { Comparison } from "../types.ts";
import type { StratumVerdict, Verdict } from "../verdict.ts";
import { changeText, comparedIn, headlineOf, measureNames, stratumText } from "./tables.ts";
import { textOf } from "./text.ts";

/** A verdict as JUnit XML: a test case for each measure of each stratum, failed where it differs, skipped where nothing can be said. */
export function junitOf(verdict: Verdict): string {
  const { period, strata, gates, result, calls } = verdict;
  const cases = strata.flatMap((stratum) =>
    comparedIn(stratum).map(([measure, found]) => caseOf(stratum, measure, found)),
  );
  return junitXml({
    name: "shadow",
    cases: cases.length === 0 ? [{ name: "shadow", skip: headlineOf(verdict) }] : cases,
    seconds: period === undefined ? 0 : Math.round((period.to - period.from) / 1000),
    timestamp: new Date(period?.from ?? 0).toISOString(),
    failureType: "differs",
    properties: { verdict: result, gates: gatesText(gates), calls: calls.compared },
    output: textOf(verdict),
  });
}

function caseOf(stratum: StratumVerdict, measure: Measure, { result, gates, moreCalls }: Comparison): JunitCase {
  const name = `${stratumText(stratum)}: ${measureNames[measure]}`;
  const told = gates
    .filter((gate) => gate.result === result)
    .map((gate) => `${quantileName(gate.quantile)} ${changeText(gate)}`)
    .join("; ");
  if (result === "match") return { name };
  if (result === "differs" && stratum.decides) return { name, failure: told };
  if (result === "differs") return { name, skip: `differs, but has too few of the calls to decide: ${told}` };
  const more = moreCalls === undefined ? "" : `, about ${moreCalls} more calls`;
  return { name, skip: `not enough data${more}${told === "" ? "" : `: ${told}`}` };
}
