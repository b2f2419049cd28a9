import { quantileTable } from "../fit/candidates.ts";
import { callsFor } from "../fit/fit.ts";
import { gapsSeen, shapeOf, type GapsSeen } from "../fit/gaps.ts";
import { rounded, sortedOf } from "../fit/sample.ts";
import { promptStrata } from "../fit/strata.ts";
import type { Distribution, Profile } from "../simulator/types.ts";
import type { CallsOfModel, LearnedCall } from "./types.ts";
import { drawnBy, weightsOf } from "./weights.ts";

/** With what a profile is learned. */
export type LearningOptions = {
  /** Age by which a call counts half as much as a new one. */
  readonly halfLifeMs: number;
  /** Streams, as many as they count by their age, below which there is no profile. */
  readonly minCalls: number;
  /** What is said where no call tells it, such as the gaps of responses of one token. */
  readonly base: Pick<Profile, "itlMs" | "name">;
};

/** What was learned of a model. Times are milliseconds since 1970. */
export type LearnedModel = {
  /** Of the profile, also where there is none. */
  readonly name: string;
  readonly upstream: string;
  readonly model: string;
  /** Those that are kept. */
  readonly calls: number;
  /** How many of them were streams, which alone tell TTFT and gaps, and as how many new ones they count. */
  readonly streams: number;
  readonly effectiveStreams: number;
  readonly since: number;
  readonly until: number;
  /** Undefined where the streams are too few. */
  readonly profile?: Profile | undefined;
};

/** More gaps change no quantile that matters, and cost time. */
const maxFittedGaps = 20_000;
const leastGaps = 10;

/** The profile of a model at an upstream, by its latest calls. */
export function learnModel({ upstream, model, calls }: CallsOfModel, options: LearningOptions): LearnedModel {
  const streams = calls.filter(({ ttftMs }) => ttftMs !== undefined);
  const { of, effective } = weightsOf(timesOf(streams), options.halfLifeMs);
  const times = timesOf(calls);
  const seen = {
    name: learnedName(upstream, model),
    upstream,
    model,
    calls: calls.length,
    streams: streams.length,
    effectiveStreams: Math.floor(effective + 1e-6),
    since: times.reduce((a, b) => Math.min(a, b), Infinity),
    until: times.reduce((a, b) => Math.max(a, b), -Infinity),
  };
  if (seen.effectiveStreams < options.minCalls) return seen;
  const drawn = drawnBy(streams, of);
  const lengths = drawnBy(calls, weightsOf(times, options.halfLifeMs).of);
  return { ...seen, profile: profileOf({ seen, drawn, lengths, options }) };
}

/** The name of a learned profile in logs, records and files. */
function learnedName(upstream: string, model: string): string {
  return `learned-${upstream}-${model}`.replaceAll(/[^\w.-]/g, "-").slice(0, 128);
}

function timesOf(calls: readonly LearnedCall[]): number[] {
  return calls.map(({ time }) => time);
}

type Parts = {
  readonly seen: Omit<LearnedModel, "profile">;
  readonly drawn: readonly LearnedCall[];
  readonly lengths: readonly LearnedCall[];
  readonly options: LearningOptions;
};

/** Tables all through: they take what the traffic was as it was, and cost an event loop next to nothing. */
function profileOf({ seen, drawn, lengths, options }: Parts): Profile {
  const { streams, effectiveStreams, upstream, model } = seen;
  // A call that is drawn often is still one call.
  const least = callsFor.p95 * (streams / effectiveStreams);
  const byPrompt = promptStrata(drawn, least, tableOf);
  const gaps = gapsSeen(shortened(drawn));
  const ttft = drawn.flatMap(({ ttftMs }) => ttftMs ?? []);
  const itl = gaps.gaps.length === 0 ? options.base.itlMs : tableOf(gaps.gaps);
  return {
    name: seen.name,
    description: `Learned from ${seen.calls} calls of ${model} to ${upstream}`,
    models: [model],
    ttftMs: byPrompt?.first ?? tableOf(ttft),
    ...(byPrompt !== undefined && { ttftByPrompt: byPrompt.rows }),
    itlMs: itl,
    ...shapeOf(gaps),
    outputTokens: tableOf(lengths.map(({ outputTokens }) => outputTokens).filter((tokens) => tokens > 0)),
    prefill: { freePromptTokens: 0, msPer1000Tokens: 0 },
    load: [],
    sources: sourcesOf(seen, gaps, options),
    fit: noteOf(seen),
  };
}

/** The values themselves, at up to 203 shares. */
function tableOf(values: readonly number[]): Distribution {
  const sorted = sortedOf(values);
  const [first = 0, last = 0] = [sorted[0], sorted.at(-1)];
  return last > first ? quantileTable(sorted) : { kind: "constant", value: rounded(first, 6) };
}

function shortened(drawn: readonly LearnedCall[]): LearnedCall[] {
  const each = Math.max(leastGaps, Math.floor(maxFittedGaps / drawn.length));
  return drawn.map((call) => (call.gapsMs.length <= each ? call : { ...call, gapsMs: call.gapsMs.slice(0, each) }));
}

function sourcesOf(
  { calls, streams, effectiveStreams, upstream }: Parts["seen"],
  { gaps }: GapsSeen,
  { base }: LearningOptions,
): Profile["sources"] {
  const of = `${streams} streams to ${upstream}, which count as ${effectiveStreams} new ones`;
  return {
    ttftMs: `learned from ${of}`,
    itlMs: gaps.length === 0 ? `assumption: as in ${base.name}; no stream had two tokens` : `learned from ${of}`,
    outputTokens: `learned from ${calls} calls`,
    load: "none: it is as the traffic was that it was learned from",
  };
}

/** Nothing is held back to measure how well the tables stand for other calls. */
function noteOf(seen: Parts["seen"]): NonNullable<Profile["fit"]> {
  const [from, to] = [new Date(seen.since).toISOString(), new Date(seen.until).toISOString()];
  return {
    source: `calls to ${seen.upstream}`,
    date: to.slice(0, 10),
    period: `${from} to ${to}`,
    calls: seen.calls,
    measures: {},
  };
}
