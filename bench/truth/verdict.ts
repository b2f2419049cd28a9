import { loadProfiles } from "../../src/config/profiles.ts";
import type { CallTiming, TrafficRecord } from "../../src/core/records/types.ts";
import { createRng, hash32, type SeededRng } from "../../src/core/rng.ts";
import { defaultGates, readGates, type Gate } from "../../src/core/shadow/gates.ts";
import { pairsIn, type Measure } from "../../src/core/shadow/observed.ts";
import type { Result } from "../../src/core/shadow/types.ts";
import { verdictOf } from "../../src/core/shadow/verdict.ts";
import { pickOutputTokens, planTiming } from "../../src/core/simulator/latency.ts";
import { prepareProfile, type PreparedProfile } from "../../src/core/simulator/profile.ts";
import type { Distribution, Profile } from "../../src/core/types.ts";
import { figure, type Figure } from "../lib.ts";

/** How often the verdict on two sides comes to each result, for sides that are known to be the same or not. */
type VerdictTruth = {
  readonly what: string;
  readonly runs: number;
  readonly calls: number;
  readonly results: { readonly [result in Result]: number };
  /** The share of `differs` that is wanted; absent where it is measured only. */
  readonly goal?: { readonly atLeast?: number; readonly atMost?: number };
};

type Case = {
  readonly what: string;
  readonly gates?: readonly Gate[];
  readonly measures?: readonly Measure[];
  readonly goal?: VerdictTruth["goal"];
  change(profile: Profile): Profile;
};

const found = { atLeast: 0.9 };
const falseAlarm = { atMost: 0.05 };
const narrow = readGates("p50=5%,p95=5%");
const same = (profile: Profile): Profile => profile;

const cases: readonly Case[] = [
  { what: "the same profile", goal: falseAlarm, change: same },
  {
    what: "TTFT and gaps 10 % longer",
    goal: found,
    change: (profile) => ({ ...profile, ttftMs: scaled(profile.ttftMs), itlMs: scaled(profile.itlMs) }),
  },
  { what: "the same profile, TTFT alone", measures: ["ttftMs"], goal: falseAlarm, change: same },
  {
    what: "TTFT 10 % longer, TTFT alone",
    measures: ["ttftMs"],
    goal: found,
    change: (profile) => ({ ...profile, ttftMs: scaled(profile.ttftMs) }),
  },
  {
    what: "the same profile, p95 within 5 %, gaps alone",
    gates: narrow,
    measures: ["gapMs"],
    goal: falseAlarm,
    change: same,
  },
  {
    what: "p95 of gaps alone 10 % longer, p95 within 5 %, gaps alone",
    gates: narrow,
    measures: ["gapMs"],
    goal: found,
    change: (profile) => ({ ...profile, itlMs: stretched(profile.itlMs) }),
  },
  {
    what: "p95 of TTFT alone 10 % longer, p95 within 5 %, TTFT alone",
    gates: narrow,
    measures: ["ttftMs"],
    change: (profile) => ({ ...profile, ttftMs: stretched(profile.ttftMs) }),
  },
];

/**
 * Draws two sides from a shipped profile and a changed one, again and again, and counts what is said of them.
 *
 * @param runs of each case
 * @param calls of each run
 */
async function measureVerdict(runs = 50, calls = 1000): Promise<readonly VerdictTruth[]> {
  const { profiles } = await loadProfiles("profiles");
  const profile = profiles.find(({ name }) => name === "gpt-4o");
  if (profile === undefined) throw new Error("there is no profile gpt-4o");
  return cases.map((each) => measureCase(each, { profile, runs, calls }));
}

function measureCase(
  { what, change, goal, gates = defaultGates, measures }: Case,
  { profile, runs, calls }: { profile: Profile; runs: number; calls: number },
): VerdictTruth {
  const [real, other] = [prepareProfile(profile), prepareProfile({ ...change(profile), name: "other" })];
  const results = { match: 0, differs: 0, "not enough data": 0 };
  for (let run = 0; run < runs; run += 1) {
    const rng = createRng(hash32(what, run));
    const records = Array.from({ length: calls }, () => pairOf(real, other, rng));
    results[verdictOf(pairsIn(records), { gates, measures, seed: run }).result] += 1;
  }
  return { what, runs, calls, results, ...(goal === undefined ? {} : { goal }) };
}

/** Prints what was said of each two sides, and says how often `differs` was right or wrong. */
export async function verdict(): Promise<readonly Figure[]> {
  const rows = await measureVerdict();
  console.log("| simulated side | runs | calls each | differs | match | not enough data |");
  console.log("| --- | --- | --- | --- | --- | --- |");
  for (const { what, runs, calls, results } of rows) {
    const counts = [results.differs, results.match, results["not enough data"]];
    const cells = [what, runs, calls, ...counts.map((count) => `${(100 * count) / runs} %`)];
    console.log(`| ${cells.join(" | ")} |`);
  }
  return rows.flatMap(({ what, runs, calls, results, goal }) => {
    if (goal === undefined) return [];
    const { atLeast, atMost } = goal;
    const limits = {
      ...(atLeast === undefined ? {} : { atLeast: atLeast * 100 }),
      ...(atMost === undefined ? {} : { atMost: atMost * 100 }),
    };
    const share = (100 * results.differs) / runs;
    return [
      figure(`verdict, ${runs} runs of ${calls}: ${what}, called different`, share, {
        ...limits,
        digits: 0,
        unit: " %",
      }),
    ];
  });
}

function pairOf(real: PreparedProfile, other: PreparedProfile, rng: SeededRng): TrafficRecord {
  return {
    time: 0,
    id: "",
    model: "gpt-4o",
    stream: true,
    rule: "",
    mode: "real",
    upstream: "real",
    profile: "other",
    status: 200,
    ending: "finish",
    queueMs: 0,
    actual: timingOf(real, rng),
    mirror: { ...timingOf(other, rng), from: "simulator", name: "other" },
  };
}

/** Responses are of 100 tokens at most: longer ones only make the gaps surer. */
function timingOf(profile: PreparedProfile, rng: SeededRng): CallTiming {
  const outputTokens = Math.min(100, pickOutputTokens(profile, rng));
  const { ttftMs, totalMs, atMs } = planTiming({
    profile,
    promptTokens: 500,
    outputTokens,
    inFlight: 1,
    rng,
    overrides: {},
  });
  return { ttftMs, totalMs, outputTokens, gapsMs: atMs.slice(1).map((at, index) => at - (atMs[index] ?? 0)) };
}

/** Every quantile 10 % higher. */
function scaled(distribution: Distribution): Distribution {
  return changed(distribution, () => 1.1);
}

/** The same median, and p95 10 % higher. */
function stretched(distribution: Distribution): Distribution {
  return changed(distribution, (share) => 1.1 ** Math.max(0, (share - 0.5) / 0.45));
}

/** @param factor of each quantile, by its share */
function changed(distribution: Distribution, factor: (share: number) => number): Distribution {
  if (distribution.kind === "quantiles") {
    return { ...distribution, table: distribution.table.map(([share, value]) => [share, value * factor(share)]) };
  }
  if (distribution.kind !== "lognormal")
    throw new Error(`the profile has a ${distribution.kind} distribution, which cannot be changed here`);
  const { p50, p99 } = distribution;
  // 1.645 and 2.326 are p95 and p99 of the normal distribution: a lognormal one keeps its form.
  const atP50 = factor(0.5);
  return { kind: "lognormal", p50: p50 * atP50, p99: p99 * atP50 * (factor(0.95) / atP50) ** (2.326 / 1.645) };
}
