import type { Copied } from "../records/copied.ts";
import { gapsOf, roundedMs } from "../records/gaps.ts";
import type { Outcome, Timeline } from "../types.ts";
import type { LearnedCall } from "./types.ts";

/** Gaps that are kept of one call. */
const maxGaps = 100;

/** A call, and of which model at which upstream. */
export type Learned = { readonly upstream: string; readonly model: string; readonly call: LearnedCall };

/**
 * What a call tells of the upstream that served it.
 *
 * @returns undefined for one that failed, was bent by a fault or left by its client, or whose model is not known
 */
export function learnedOf(outcome: Outcome): Learned | undefined {
  const { mode, upstream, model, faults, status, ending, cause, actual } = outcome;
  if (mode !== "real" || upstream === undefined || model === undefined || faults.length > 0) return undefined;
  if (status < 200 || status >= 300 || ending !== "finish" || cause !== undefined) return undefined;
  return { upstream, model, call: callOf(outcome, actual) };
}

/** The same of the copy of a call, and the upstream that it was sent to. */
export function learnedOfCopy(outcome: Outcome, copied: Copied): Learned | undefined {
  const { upstream, status, ending, timeline } = copied;
  if (outcome.model === undefined || status < 200 || status >= 300 || ending !== "finish") return undefined;
  return { upstream, model: outcome.model, call: callOf(outcome, timeline) };
}

function callOf({ startedAtMs, operation, stream, promptTokens, notes }: Outcome, timeline: Timeline): LearnedCall {
  const { ttftMs, atMs, tokens } = timeline;
  return {
    time: startedAtMs,
    operation,
    promptTokens: notes?.usage?.promptTokens ?? promptTokens ?? notes?.promptTokens,
    outputTokens: stream && atMs.length > 0 ? atMs.length : tokens,
    ttftMs: ttftMs === undefined ? undefined : roundedMs(ttftMs),
    gapsMs: gapsOf(atMs, maxGaps),
  };
}
