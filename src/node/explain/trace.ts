import type { CallConditionTrace, CallRuleTrace } from "../../admin/configuration.ts";
import { isMet, type CompiledRule } from "../../core/decide.ts";
import { attempt } from "../../core/errors.ts";
import type { Condition } from "../../core/match.ts";
import type { Snapshot } from "../../core/snapshot.ts";
import type { Call, Outcome } from "../../core/types.ts";

/** Conditions on what an Outcome holds. All others ask for headers, or for the body, which are not kept. */
const kept: ReadonlySet<string> = new Set(["method", "stream", "route", "key", "model", "time"]);

/**
 * How the rules of a configuration stand to a call that has ended, from what is kept of it.
 *
 * The rule that decided is known, and so are the results of all rules; of conditions on what is not kept, only those of that rule.
 */
export function traceOf(outcome: Outcome, { rules, seed }: Pick<Snapshot, "rules" | "seed">): CallRuleTrace[] {
  const call = callOf(outcome);
  const chosen = rules.findIndex(({ name }) => name === outcome.rule);
  const isKnown = chosen !== -1 || outcome.rule === "default";
  return rules.map((rule, index): CallRuleTrace => {
    if (chosen !== -1 && index > chosen) return unreached(rule);
    const took = index === chosen;
    const conditions = rule.conditions.map((condition) => asked(condition, { call, seed, took }));
    const fails = conditions.some(({ result }) => result === "fail");
    const result = took ? "match" : isKnown || fails ? "no match" : "not known";
    return { rule: rule.name, result, conditions };
  });
}

type Asking = { readonly call: Call; readonly seed: number; readonly took: boolean };

function asked(condition: Condition, { call, seed, took }: Asking): CallConditionTrace {
  const { name, expected } = condition;
  if (!isKept(condition)) return { name, expected, result: took ? "pass" : "not kept", seen: undefined };
  const seen = attempt(() => condition.seen(call, seed));
  return { name, expected, result: took || isMet(condition, call, seed) ? "pass" : "fail", seen };
}

/** A draw by the request id can be done again. */
function isKept({ name, expected }: Condition): boolean {
  return kept.has(name) || (name === "percentage" && expected.endsWith(" by requestId"));
}

function unreached({ name, conditions }: CompiledRule): CallRuleTrace {
  return {
    rule: name,
    result: "not reached",
    conditions: conditions.map((each) => ({
      name: each.name,
      expected: each.expected,
      result: "not reached",
      seen: undefined,
    })),
  };
}

function callOf({ id, method, route, keyName, client, model, stream, ...outcome }: Outcome): Call {
  const number = (): number => outcome.attempt ?? 1;
  return {
    id,
    method,
    route,
    headers: {},
    keyName,
    keyHash: undefined,
    client,
    facts: { model, stream, promptTokens: () => outcome.promptTokens, lastUserMessage: () => undefined },
    state: { attempt: number, known: () => outcome.attempt, nth: () => 1, wallMs: () => outcome.startedAtMs },
  };
}
