import { learnModel } from "../../../../src/core/learning/profile.ts";
import type { LearnedCall } from "../../../../src/core/learning/types.ts";

/** A streamed call, with so many equal gaps. */
export function streamed(time: number, ttftMs: number, changes: Partial<LearnedCall> = {}): LearnedCall {
  return {
    time,
    operation: "chat",
    promptTokens: 10,
    outputTokens: 20,
    ttftMs,
    gapsMs: Array(19).fill(10),
    ...changes,
  };
}

/** What is learned of them with a half-life of a minute, from 50 streams on. */
export function learn(calls: readonly LearnedCall[], model = "gpt-4o") {
  const base = { name: "default", itlMs: { kind: "constant", value: 5 } } as const;
  return learnModel({ upstream: "openai", model, calls }, { halfLifeMs: 60_000, minCalls: 50, base });
}
