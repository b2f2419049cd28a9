import type { Outcome, Timeline } from "../types.ts";
import type { Copied } from "./copied.ts";
import { gapsOf, roundedMs } from "./gaps.ts";
import type { CallTiming, MirrorTiming, TrafficRecord } from "./types.ts";

/** Gaps that are kept of one response. */
const maxGaps = 1000;

/**
 * The record of an ended call: its times and counts, and no word of its request or response. Times are to the microsecond.
 *
 * @param copied what was measured of its copy for another upstream
 */
export function recordOf(outcome: Outcome, copied?: Copied): TrafficRecord {
  const { faults, experiments, notes, planned, mode } = outcome;
  const usage = notes?.usage;
  return {
    time: outcome.startedAtMs,
    id: outcome.id,
    model: outcome.model,
    dialect: outcome.dialect,
    operation: outcome.operation,
    stream: outcome.stream,
    key: outcome.keyName,
    rule: outcome.rule,
    mode,
    upstream: outcome.upstream,
    profile: outcome.profile,
    faults: faults.length === 0 ? undefined : faults,
    experiments: experiments.length === 0 ? undefined : experiments,
    standIn: outcome.standIn ? true : undefined,
    observed: notes?.observed === true ? true : undefined,
    overridden: notes?.overridden === true ? true : undefined,
    attempt: outcome.attempt,
    status: outcome.status,
    ending: outcome.ending,
    cause: outcome.cause,
    promptTokens: usage?.promptTokens ?? outcome.promptTokens ?? notes?.promptTokens,
    cachedTokens: usage?.cachedTokens,
    costUsd: outcome.costUsd,
    inFlight: notes?.inFlight,
    queueMs: roundedMs(outcome.queueMs),
    actual: timingOf(outcome.actual, usage?.outputTokens),
    planned: planned === undefined || mode === "real" ? undefined : timingOf(planned),
    mirror: copied === undefined ? mirrorOf(outcome) : copyOf(copied),
  };
}

/** @param told output tokens by the provider's usage, which may be more than those seen */
function timingOf({ ttftMs, totalMs, tokens, atMs }: Timeline, told?: number): CallTiming {
  return {
    ttftMs: ttftMs === undefined ? undefined : roundedMs(ttftMs),
    totalMs: roundedMs(totalMs),
    outputTokens: told ?? tokens,
    gapsMs: gapsOf(atMs, maxGaps),
  };
}

function mirrorOf({ shadow, mode, profile }: Outcome): MirrorTiming | undefined {
  if (shadow === undefined || mode !== "real") return undefined;
  return { ...timingOf(shadow.simulated), from: "simulator", name: profile ?? "default" };
}

function copyOf({ upstream, status, ending, timeline }: Copied): MirrorTiming {
  return { ...timingOf(timeline), from: "upstream", name: upstream, status, ending };
}
