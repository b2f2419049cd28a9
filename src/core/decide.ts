import { drawFaults, type FaultDraws } from "./fault-draws.ts";
import type { Condition } from "./match.ts";
import type { ChooseReply } from "./replies/choose.ts";
import type { Call, Decision } from "./types.ts";

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
 * The same call, rules and seed give the same decision on every node.
 *
 * @throws BODY_INVALID when a rule looks into a body that cannot be understood
 */
export function decide(call: Call, { rules, fallback, fallbackDraws, fallbackReply, seed }: RuleSet): Decision {
  for (const rule of rules) if (holds(rule.conditions, call, seed)) return decided(rule, call, seed);
  if (fallbackDraws === undefined && fallbackReply === undefined) return fallback;
  return decided({ decision: fallback, faultDraws: fallbackDraws, chooseReply: fallbackReply }, call, seed);
}

type Deciding = Pick<CompiledRule, "decision" | "faultDraws" | "chooseReply">;

function decided({ decision, faultDraws, chooseReply }: Deciding, call: Call, seed: number): Decision {
  const drawn = faultDraws === undefined ? decision : { ...decision, ...drawFaults(faultDraws, call, seed) };
  return chooseReply === undefined ? drawn : { ...drawn, reply: chooseReply(call) };
}

function holds(conditions: readonly Condition[], call: Call, seed: number): boolean {
  for (const condition of conditions) if (!condition.test(call, seed)) return false;
  return true;
}

/**
 * The same decision with its reasons, for people; asks the very conditions that `decide` asks, in the same order.
 *
 * @throws BODY_INVALID when a rule looks into a body that cannot be understood
 */
export function explain(call: Call, set: RuleSet): Trace {
  let isDecided = false;
  const rules = set.rules.map((rule) => {
    const trace = isDecided ? unreached(rule) : explainRule(rule, call, set.seed);
    isDecided ||= trace.result === "match";
    return trace;
  });
  return { rules, decision: decide(call, set) };
}

function explainRule(rule: CompiledRule, call: Call, seed: number): RuleTrace {
  let passing = true;
  const conditions = rule.conditions.map((condition) => {
    if (!passing) return unreachedCondition(condition);
    passing = condition.test(call, seed);
    return {
      name: condition.name,
      expected: condition.expected,
      result: passing ? ("pass" as const) : ("fail" as const),
      seen: condition.seen(call, seed),
      draw: condition.draw?.(call, seed),
    };
  });
  return { rule: rule.name, result: passing ? "match" : "no match", conditions };
}

function unreached(rule: CompiledRule): RuleTrace {
  return { rule: rule.name, result: "not reached", conditions: rule.conditions.map(unreachedCondition) };
}

function unreachedCondition({ name, expected }: Condition): ConditionTrace {
  return { name, expected, result: "not reached", seen: undefined, draw: undefined };
}
