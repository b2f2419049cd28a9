import { profileOf } from "../source.ts";
import type { Condition } from "../match.ts";
import type { Call, Decision, FaultConfig } from "../types.ts";
import type { ChooseReply } from "./choose.ts";

/** A reply with conditions of its own. */
export type ConditionalReply = {
  readonly conditions: readonly Condition[];
  /** Undefined where only faults say what comes back. */
  readonly chooseReply: ChooseReply | undefined;
  /** In place of those of the rule; undefined to leave these. */
  readonly faults: readonly FaultConfig[] | undefined;
  /** Name of a latency profile; undefined for that of the rule or the model. */
  readonly profile?: string | undefined;
};

/** Whether a call asks a model to say something: it is no list, count or vector. */
export function asksForWords({ facts }: Call): boolean {
  return facts.conversation !== undefined;
}

/** Whether all conditions of a reply hold. */
export function fits({ conditions }: ConditionalReply, call: Call, seed: number): boolean {
  for (const condition of conditions) if (!condition.test(call, seed)) return false;
  return true;
}

/** The decision with what a reply says in place of what would be said; it comes from the simulator. */
export function withReply(
  decision: Decision,
  { chooseReply, faults, profile }: ConditionalReply,
  call: Call,
): Decision {
  const { serve, faultDraws, ...rest } = decision;
  return {
    ...rest,
    serve: { from: "simulator", profile: profile ?? profileOf(serve) },
    mirror: undefined,
    copy: undefined,
    ...(faults === undefined ? { ...(faultDraws !== undefined && { faultDraws }) } : { faults }),
    ...(chooseReply !== undefined && { reply: chooseReply(call) }),
  };
}
