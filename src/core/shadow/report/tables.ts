import type { Cell, PageTable } from "../../page/table.ts";
import { gatesText, quantileName } from "../gates.ts";
import type { LeftOut, Measure } from "../observed.ts";
import { rangeText } from "../strata.ts";
import type { Comparison, GateResult } from "../types.ts";
import type { StratumVerdict, Verdict } from "../verdict.ts";

/** What each measure is called. */
export const measureNames: { readonly [measure in Measure]: string } = {
  ttftMs: "TTFT, ms",
  gapMs: "gap between tokens, ms",
  totalMs: "total, ms",
  outputTokens: "output tokens",
};

const leftOutNames: { readonly [Class in LeftOut]: string } = {
  "not mirrored": "not mirrored",
  fault: "a fault acted",
  "stand-in": "the simulator stood in",
  overridden: "the control header asked for other times or another length",
  failed: "failed, or ended early",
  "mirror failed": "the mirrored side failed",
};

/** The measures of a stratum that were compared. */
export function comparedIn({ measures }: StratumVerdict): readonly (readonly [Measure, Comparison])[] {
  const all: readonly Measure[] = ["ttftMs", "gapMs", "totalMs", "outputTokens"];
  return all.flatMap((measure) => {
    const comparison = measures[measure];
    return comparison === undefined ? [] : [[measure, comparison] as const];
  });
}

/** A verdict in one sentence. */
export function headlineOf({ result, strata, moreCalls, calls }: Verdict): string {
  const deciding = strata.filter(({ decides }) => decides);
  if (calls.compared === 0) return "There are no calls to compare.";
  if (result === "match")
    return `Both sides match within the gates, in ${count(deciding.length, "stratum", "strata")}.`;
  if (result === "not enough data") {
    const more = moreCalls === undefined ? "" : ` About ${number(moreCalls)} more calls would probably settle it.`;
    return `There is not enough data yet.${more}`;
  }
  const worst = deciding
    .flatMap((stratum) => differencesOf(stratum))
    .sort((a, b) => Math.abs((b.gate.ratio ?? Infinity) - 1) - Math.abs((a.gate.ratio ?? Infinity) - 1))[0];
  if (worst === undefined) return "Both sides differ.";
  const { stratum, measure, gate } = worst;
  return `Both sides differ, most at ${quantileName(gate.quantile)} of ${measureNames[measure]} of ${stratum.model}: ${changeText(gate)}.`;
}

function differencesOf(stratum: StratumVerdict) {
  return comparedIn(stratum).flatMap(([measure, { gates }]) =>
    gates.filter(({ result }) => result === "differs").map((gate) => ({ stratum, measure, gate })),
  );
}

/** By how much, such as `+12.3 % (90 % interval +8.1 % to +16 %), tolerated ±5 %`. */
export function changeText({ ratio, interval, tolerance, reference, candidate }: GateResult): string {
  if (ratio === null) return `${rounded(candidate)} instead of ${rounded(reference)}`;
  return `${percent(ratio)} (90 % interval ${percent(interval.low)} to ${percent(interval.high)}), tolerated ±${rounded(tolerance * 100)} %`;
}

/** A ratio as a change. */
function percent(ratio: number | null): string {
  if (ratio === null) return "without end";
  const change = Number(((ratio - 1) * 100).toFixed(1));
  return `${change > 0 ? "+" : ""}${change} %`;
}

/** What a stratum is of, in a few words. */
export function stratumText({ model, stream, promptTokens, inFlight }: StratumVerdict): string {
  const parts = [model, stream ? "streamed" : "in one piece"];
  if (promptTokens.from !== null) parts.push(`prompt of ${rangeText(promptTokens)} tokens`);
  if (inFlight.from !== null) parts.push(`${rangeText(inFlight)} in flight`);
  return parts.join(", ");
}

/** All that a verdict says, as tables. */
export function tablesOf(verdict: Verdict): readonly PageTable[] {
  const { strata, others } = verdict;
  const rest =
    others.strata === 0
      ? ""
      : ` ${count(others.strata, "stratum", "strata")} with ${number(others.calls)} calls are not shown.`;
  const tables: PageTable[] = [
    {
      title: "Strata",
      note: `Calls that are like each other. Those with less than 5 % of all calls do not decide.${rest}`,
      head: ["stratum", "real", "other", "calls", "decides", "result", "more calls"],
      rows: strata.map((stratum) => [
        stratumText(stratum),
        stratum.sources.reference,
        stratum.sources.candidate,
        stratum.calls,
        stratum.decides ? "yes" : "no",
        stratum.result,
        stratum.moreCalls,
      ]),
    },
    ...strata.map(stratumTable),
  ];
  return tables.filter(({ rows }) => rows.length > 0);
}

/** The gates of one stratum. */
export function stratumTable(stratum: StratumVerdict): PageTable {
  return {
    title: stratumText(stratum),
    head: [
      "measure",
      "quantile",
      "result",
      "real",
      "other",
      "difference",
      "90 % interval",
      "tolerated",
      "real against itself",
    ],
    rows: comparedIn(stratum).flatMap(([measure, { gates }]) => gates.map((gate) => rowOf(measure, gate))),
  };
}

function rowOf(measure: Measure, gate: GateResult): Cell[] {
  const { quantile, reference, candidate, ratio, interval, noise, tolerance, result } = gate;
  return [
    measureNames[measure],
    quantileName(quantile),
    result,
    Number(rounded(reference)),
    Number(rounded(candidate)),
    percent(ratio),
    `${percent(interval.low)} to ${percent(interval.high)}`,
    `±${rounded(tolerance * 100)} %`,
    `${percent(noise.low)} to ${percent(noise.high)}`,
  ];
}

/** What was compared, and what was not. */
export function factsOf({ gates, period, calls, isPaired }: Verdict): readonly (readonly [string, Cell])[] {
  const leftOut = Object.entries(calls.leftOut).map(([found, each]) => [nameOf(found), each] as const);
  const times =
    period === undefined
      ? []
      : ([
          ["From", timeText(period.from)],
          ["To", timeText(period.to)],
        ] as const);
  return [
    ["Gates", gatesText(gates)],
    ["Compared", isPaired ? "both sides of the same calls" : "two sets of calls"],
    ["Calls compared", calls.compared],
    ...leftOut.map(([name, each]) => [`Left out: ${name}`, each] as const),
    ...times,
  ];
}

function nameOf(found: string): string {
  return Object.entries(leftOutNames).find(([name]) => name === found)?.[1] ?? found;
}

/** A time in ISO 8601, to the second. */
export function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** Three significant digits. */
export function rounded(value: number): string {
  return String(Number(value.toPrecision(value >= 1000 ? 4 : 3)));
}

function count(value: number, one: string, many: string): string {
  return `${number(value)} ${value === 1 ? one : many}`;
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}
