import { attempt, StuntdoubleError } from "./errors.ts";
import { drawFaults, type FaultDraws } from "./fault-draws.ts";
import type { Condition } from "./match.ts";
import type { ChooseReply } from "./replies/choose.ts";
import type { Call, Decision, Source } from "./types.ts";

/** A rule ready to be asked: all conditions must hold for its decision to be taken. */
export type CompiledRule = {
  readonly name: string;
  readonly conditions: readonly Condition[];
  readonly decision: Decision;
  /** Absent where all faults of the decision always act. */
  readonly faultDraws?: FaultDraws | undefined;
  /** Absent where the simulator makes up what it says. */
  readonly chooseReply?: ChooseReply | undefined;
};

/** The rules of a configuration. */
export type RuleSet = {
  /** The first that matches decides. */
  readonly rules: readonly CompiledRule[];
  /** Where none does. */
  readonly fallback: Decision;
  readonly fallbackDraws?: FaultDraws | undefined;
  readonly fallbackReply?: ChooseReply | undefined;
  /** Random seed of percentages. */
  readonly seed: number;
};

/** How a decision came about: every rule in order, with every condition. */
export type Trace = { readonly rules: readonly RuleTrace[]; readonly decision: Decision };

export type RuleTrace = {
  readonly rule: string;
  /** `not reached`: an earlier rule had matched. */
  readonly result: "match" | "no match" | "not reached";
  readonly conditions: readonly ConditionTrace[];
};

export type ConditionTrace = {
  readonly name: string;
  readonly expected: string;
  readonly result: "pass" | "fail" | "not reached";
  /** What the call had; undefined when the condition was not reached. */
  readonly seen: string | undefined;
  /** The number drawn, 0 ≤ x < 1, where the condition is a percentage. */
  readonly draw: number | undefined;
};

/**
 * The decision of the first rule whose conditions all hold, else the fallback.
 *
 * A draw gives a call that goes on from an earlier one only to who has that: the simulator what this node keeps, an upstream all
 * else. No condition holds that looks into a body that cannot be understood.
 *
 * The same call, rules and seed give the same decision on every node.
 */
export function decide(call: Call, set: RuleSet): Decision {
  const { fallback, fallbackDraws, fallbackReply, seed } = set;
  const rule = set.rules[choose(call, set, ownerOf(call, set))];
  if (rule !== undefined) return decided(rule, call, seed);
  if (fallbackDraws === undefined && fallbackReply === undefined) return fallback;
  return decided({ decision: fallback, faultDraws: fallbackDraws, chooseReply: fallbackReply }, call, seed);
}

type Deciding = Pick<CompiledRule, "decision" | "faultDraws" | "chooseReply">;

function decided({ decision, faultDraws, chooseReply }: Deciding, call: Call, seed: number): Decision {
  const drawn = faultDraws === undefined ? decision : { ...decision, ...drawFaults(faultDraws, call, seed) };
  return chooseReply === undefined ? drawn : { ...drawn, reply: chooseReply(call) };
}

type From = Source["from"];

/**
 * Who has what a call goes on from, and so is the only one that can serve it; a draw must not give it to another.
 *
 * @returns undefined for a call that goes on from nothing, and where nothing is drawn
 */
function ownerOf({ facts }: Call, { rules }: RuleSet): From | undefined {
  if (facts.goesOnFrom === undefined || !rules.some(hasDraw)) return undefined;
  const earlier = attempt(() => facts.goesOnFrom?.());
  if (earlier === undefined) return undefined;
  return earlier.isKept ? "simulator" : "upstream";
}

function hasDraw({ conditions }: CompiledRule): boolean {
  return conditions.some(({ draw }) => draw !== undefined);
}

/** The index of the rule that decides; of none where the fallback does. */
function choose(call: Call, { rules, fallback, seed }: RuleSet, owner: From | undefined): number {
  const asking: Asking = { call, seed, owner };
  let first = 0;
  while (first < rules.length && !holds(rules[first], asking)) first += 1;
  const { serve } = rules[first]?.decision ?? fallback;
  if (owner === undefined || owner === serve.from) return first;
  const meant = rules.findIndex(
    (rule) => rule.decision.serve.from === owner && holds(rule, { call, seed, owner: "drawn" }),
  );
  return meant === -1 || meant > first ? first : meant;
}

/** `drawn`: the draw has been won. */
type Asking = { readonly call: Call; readonly seed: number; readonly owner: From | "drawn" | undefined };

function holds(rule: CompiledRule | undefined, asking: Asking): boolean {
  if (rule === undefined) return false;
  for (const condition of rule.conditions) if (!passes(condition, rule, asking)) return false;
  return true;
}

function passes(condition: Condition, { decision }: CompiledRule, { call, seed, owner }: Asking): boolean {
  if (owner !== undefined && condition.draw !== undefined) {
    if (owner === "drawn") return true;
    if (owner !== decision.serve.from) return false;
  }
  return isMet(condition, call, seed);
}

/** No condition holds that looks into a body that cannot be understood. */
export function isMet(condition: Condition, call: Call, seed: number): boolean {
  // Every condition of every call comes by here: no closure is made.
  try {
    return condition.test(call, seed);
  } catch (error) {
    if (error instanceof StuntdoubleError) return false;
    throw error;
  }
}

function seenBy(condition: Condition, call: Call, seed: number): string {
  return attempt(() => condition.seen(call, seed)) ?? "(unreadable)";
}

/**
 * The same decision with its reasons, for people; asks the very conditions that `decide` asks, in the same order.
 */
export function explain(call: Call, set: RuleSet): Trace {
  const { seed } = set;
  const owner = ownerOf(call, set);
  const chosen = choose(call, set, owner);
  const rules = set.rules.map((rule, index) => {
    if (index > chosen) return unreached(rule);
    return explainRule(rule, { call, seed, owner: owner !== undefined && index === chosen ? "drawn" : owner });
  });
  return { rules, decision: decide(call, set) };
}

function explainRule(rule: CompiledRule, asking: Asking): RuleTrace {
  const { call, seed, owner } = asking;
  const { passing, conditions } = explainConditions(rule.conditions, {
    call,
    seed,
    isMet: (condition) => passes(condition, rule, asking),
    seen: ({ draw }) => (draw !== undefined && owner !== undefined ? earlierOf(call) : undefined),
  });
  return { rule: rule.name, result: passing ? "match" : "no match", conditions };
}

/** How conditions are asked. @param seen instead of what the call has; undefined where it is that */
type Explaining = {
  readonly call: Call;
  readonly seed: number;
  isMet(condition: Condition): boolean;
  seen?(condition: Condition): string | undefined;
};

/** Conditions with their results, up to the first that fails. */
export function explainConditions(conditions: readonly Condition[], { call, seed, isMet, seen }: Explaining) {
  let passing = true;
  const traces = conditions.map((condition): ConditionTrace => {
    if (!passing) return unreachedCondition(condition);
    passing = isMet(condition);
    return {
      name: condition.name,
      expected: condition.expected,
      result: passing ? "pass" : "fail",
      seen: seen?.(condition) ?? seenBy(condition, call, seed),
      draw: condition.draw?.(call, seed),
    };
  });
  return { passing, conditions: traces };
}

function earlierOf({ facts }: Call): string {
  const { id = "", isKept = false } = facts.goesOnFrom?.() ?? {};
  return `no draw: the call goes on from ${id.slice(0, 64)}, which is ${isKept ? "kept by this node" : "the upstream's"}`;
}

function unreached(rule: CompiledRule): RuleTrace {
  return { rule: rule.name, result: "not reached", conditions: rule.conditions.map(unreachedCondition) };
}

function unreachedCondition({ name, expected }: Condition): ConditionTrace {
  return { name, expected, result: "not reached", seen: undefined, draw: undefined };
}
