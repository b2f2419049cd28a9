import type { Expectation, Guardrail, GuardrailMetric } from "./definition.ts";
import { isOfClients, metricOf, sumFor, type Seen, type Side } from "./window.ts";

/**
 * What was seen in one second, numbered from the time at which the experiment began to watch: of calls without a fault, and of
 * all without their times.
 */
export type Second = { readonly second: number; readonly clean: Side; readonly all: Side };

/** A guardrail that is broken, and by what. */
export type BrokenGuardrail = Limit & { readonly metric: GuardrailMetric; readonly value: number };

/** What a guardrail halts at: one of the two. */
type Limit = { readonly above?: number | undefined; readonly below?: number | undefined };

/**
 * The value of each guardrail, in their order; undefined where there were too few calls.
 *
 * @param seconds in order; a guardrail looks at the last ones of them
 * @param last number of the second that has just passed
 */
export function guardrailValues(
  guardrails: readonly Guardrail[],
  seconds: readonly Second[],
  last: number,
): readonly (number | undefined)[] {
  return guardrails.map((guardrail) => {
    const from = last - secondsOf(guardrail);
    const side = isOfClients(guardrail.metric) ? "all" : "clean";
    const sum = sumFor(
      guardrail.metric,
      seconds.flatMap((each) => (each.second > from ? each[side] : [])),
    );
    return sum.calls < guardrail.minCalls ? undefined : metricOf(guardrail.metric, sum);
  });
}

/** The first guardrail that is broken, by parameters of `guardrailValues`. */
export function brokenGuardrail(
  guardrails: readonly Guardrail[],
  seconds: readonly Second[],
  last: number,
): BrokenGuardrail | undefined {
  const values = guardrailValues(guardrails, seconds, last);
  for (const [index, { metric, above, below }] of guardrails.entries()) {
    const value = values[index];
    if (value === undefined || !isBeyond({ above, below }, value)) continue;
    return { metric, ...(above === undefined ? { below } : { above }), value };
  }
  return undefined;
}

/** Whether a value breaks a guardrail. */
export function isBeyond({ above = Infinity, below = -Infinity }: Limit, value: number): boolean {
  return value > above || value < below;
}

/** The value that is nearer to what a guardrail halts at, or further beyond it. */
export function worseOf(limit: Limit | undefined, one: number, other: number): number {
  return limit?.below === undefined ? Math.max(one, other) : Math.min(one, other);
}

/** What a guardrail halts at, such as `above 5`. */
export function limitText({ above, below }: Limit): string {
  return above === undefined ? `below ${below}` : `above ${above}`;
}

/** What broke a guardrail, such as `errorRate was 30, above 5`. */
export function brokenText(broken: BrokenGuardrail): string {
  return `${broken.metric} was ${rounded(broken.value)}, ${limitText(broken)}`;
}

/** How many seconds guardrails look back over at most; 0 where there are none. */
export function secondsNeeded(guardrails: readonly Guardrail[]): number {
  return Math.max(0, ...guardrails.map(secondsOf));
}

function secondsOf({ overMs }: Guardrail): number {
  return Math.ceil(overMs / 1000);
}

/** What became of one expectation. */
export type Checked = Expectation & {
  readonly value: number | undefined;
  readonly calls: number;
  readonly result: "held" | "did not hold" | "inconclusive";
};

/** Whether the hypothesis held, and by which expectations. */
export type Verdict = {
  readonly result: "held" | "did not hold" | "inconclusive";
  readonly why: string;
  readonly expectations: readonly Checked[];
};

/** What ended a run before its time, in words; undefined for one that ran to its end. */
export type Interrupted = string | undefined;

/**
 * The verdict on an experiment.
 *
 * @param seen all calls in scope while it ran, the baseline not among them
 */
export function verdictOf(expectations: readonly Expectation[], seen: Seen, interrupted: Interrupted): Verdict {
  const checked = expectations.map((expectation) => checkedOf(expectation, seen));
  const failed = checked.filter(({ result }) => result === "did not hold");
  if (failed.length > 0)
    return { result: "did not hold", why: failed.map(expectationText).join("; "), expectations: checked };
  if (interrupted !== undefined) return { result: "inconclusive", why: interrupted, expectations: checked };
  if (seen.affected === 0) return { result: "inconclusive", why: "no call was affected", expectations: checked };
  const open = checked.filter(({ result }) => result === "inconclusive");
  if (open.length > 0)
    return { result: "inconclusive", why: open.map(expectationText).join("; "), expectations: checked };
  if (checked.length === 0) return { result: "inconclusive", why: "nothing was expected", expectations: checked };
  return { result: "held", why: checked.map(expectationText).join("; "), expectations: checked };
}

function checkedOf(expectation: Expectation, { all }: Seen): Checked {
  const { metric, atMost = Infinity, atLeast = -Infinity, minCalls } = expectation;
  const value = metricOf(metric, all);
  if (value === undefined || all.calls < minCalls)
    return { ...expectation, value, calls: all.calls, result: "inconclusive" };
  const holds = value <= atMost && value >= atLeast;
  return { ...expectation, value, calls: all.calls, result: holds ? "held" : "did not hold" };
}

/** What came of an expectation, in words. */
export function expectationText(checked: Checked): string {
  const { metric, value, calls, minCalls, result } = checked;
  if (result === "inconclusive" && calls < minCalls) return `${metric}: ${calls} calls, ${minCalls} are needed`;
  if (value === undefined) return `${metric}: no value`;
  return `${metric} was ${rounded(value)}, wanted ${boundsText(checked)}`;
}

/** What an expectation wants, such as `at least 99`. */
export function boundsText({ atMost, atLeast }: Pick<Expectation, "atMost" | "atLeast">): string {
  const bounds = [
    ...(atMost === undefined ? [] : [`at most ${atMost}`]),
    ...(atLeast === undefined ? [] : [`at least ${atLeast}`]),
  ];
  return bounds.join(" and ");
}

/** A number with as many digits as people read. */
export function rounded(value: number): string {
  return String(Number(value.toPrecision(4)));
}
