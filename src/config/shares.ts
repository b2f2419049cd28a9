import { hasDraws } from "../core/fault-draws.ts";
import { faults as knownFaults } from "../core/faults/index.ts";
import { matchCovers, matchesExclude, type Match } from "../core/match.ts";
import type { Config } from "./schema.ts";

/** A part of all calls that meet some conditions, 0 … 1; `exact` is false where it is at most that. */
type Share = { readonly part: number; readonly exact: boolean };

/** What a rule, or the default, takes. */
type Taker = { readonly name: string; readonly match: Match; readonly faults: Config["default"]["faults"] };

/**
 * How many calls each rule and each of its faults really gets, in words, where percentages are in play.
 *
 * What an earlier rule takes is gone for the later ones. Where it cannot be known how many calls meet the conditions of both,
 * it is said how many there are at most.
 *
 * @returns one sentence for each rule whose share is not simply all calls that meet its conditions, by the name of the rule
 */
export function sharesByRule({ rules, default: fallback }: Config): ReadonlyMap<string, string> {
  const takers: Taker[] = [...rules, { name: "default", match: {}, faults: fallback.faults }];
  const sentences = new Map<string, string>();
  if (!takers.some(({ match, faults }) => match["percentage"] !== undefined || hasDraws(faults))) return sentences;
  for (const [index, taker] of takers.entries()) {
    const share = shareOf(taker, takers.slice(0, index));
    const sentence = sentenceOf(taker, share);
    if (sentence !== undefined) sentences.set(taker.name, sentence);
  }
  return sentences;
}

/** The same as a list. */
export function sharesOf(config: Config): string[] {
  return [...sharesByRule(config).values()];
}

function shareOf({ match }: Taker, earlier: readonly Taker[]): Share {
  const conditions = withoutPercentage(match);
  let part = partOf(match);
  let exact = true;
  for (const other of earlier) {
    const others = withoutPercentage(other.match);
    if (matchCovers(others, conditions)) part *= 1 - partOf(other.match);
    else if (!matchesExclude(others, conditions)) exact = false;
  }
  return { part, exact: exact || part === 0 };
}

function withoutPercentage(match: Match): Match {
  return { ...match, percentage: undefined, percentageBy: undefined };
}

function partOf({ percentage }: Match): number {
  return typeof percentage === "number" ? percentage / 100 : 1;
}

function sentenceOf({ name, match, faults }: Taker, { part, exact }: Share): string | undefined {
  const drawn = hasDraws(faults);
  if (part === 1 && !drawn) return undefined;
  const which = match["percentage"] === undefined ? "conditions" : "other conditions";
  const conditions = Object.values(withoutPercentage(match)).some((value) => value !== undefined)
    ? ` that meet its ${which}`
    : "";
  const amount = (share: number): string => `${exact ? "" : "at most "}${percent(share)}`;
  const parts = drawn ? faultParts(faults) : [];
  const shares = parts.map(([kind, share]) => `fault ${kind} ${amount(part * share)}`);
  return `${name}: ${[`${amount(part)} of the calls${conditions}`, ...shares].join(", ")}`;
}

/** Of several faults that respond by themselves, the first that acts is the only one that does. */
function faultParts(faults: Taker["faults"]): [kind: string, part: number][] {
  let unanswered = 1;
  return faults.map(({ kind, percentage = 100 }) => {
    const responds = knownFaults.find((fault) => fault.kind === kind)?.respond !== undefined;
    const share = (percentage / 100) * (responds ? unanswered : 1);
    if (responds) unanswered *= 1 - percentage / 100;
    return [kind, share];
  });
}

function percent(part: number): string {
  return `${Number((part * 100).toPrecision(3))} %`;
}
