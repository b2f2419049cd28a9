import { figure, type Figure } from "../lib.ts";
import { learnModel } from "../../src/core/learning/profile.ts";
import { createRng, hash32, type Rng } from "../../src/core/rng.ts";
import { compare } from "../../src/core/shadow/compare.ts";
import { defaultGates } from "../../src/core/shadow/gates.ts";
import type { Comparison, Result } from "../../src/core/shadow/types.ts";
import { prepareProfile } from "../../src/core/simulator/profile.ts";
import { samplesOf } from "../../src/core/statistics/samples.ts";
import {
  askMany,
  learnedFrom,
  openBreaker,
  providerTtftMs,
  recordsOf,
  standInAgainst,
  startLearningNode,
  startTimedProvider,
} from "../../test/support/records/dying-provider.ts";

/** Few enough for this process, which is provider, node and clients at once, to be no part of the timing. */
const atOnce = 5;
const calls = 500;

/** A provider that died, and the stand-in that a client should not be able to tell from it by timing. */
type LearnedTruth = Readonly<Record<"ttftMs" | "gapMs", Comparison>>;

/** Has a provider serve calls, kills it, and holds what its stand-in plans against what it did. */
async function measureLearned(seed = 1): Promise<LearnedTruth> {
  const provider = await startTimedProvider(seed);
  const node = await startLearningNode(provider.url, {});
  try {
    await askMany(node, calls, atOnce);
    await learnedFrom(node, calls);
    await provider.stop();
    await openBreaker(node);
    await askMany(node, calls, atOnce);
    await node.idle();
    return standInAgainst(await recordsOf(node));
  } finally {
    await node.stop();
  }
}

/** What comes of one comparison of the first tokens of so many calls with those of their stand-in, without network and clocks. */
function standInByDraws(count: number, seed: number): Result {
  const rng = createRng(seed);
  const real = Array.from({ length: count }, () => providerTtftMs(rng));
  return resultOf(real, learnedTtft(real, rng));
}

/** The same of two draws of the provider itself. */
function providerByDraws(count: number, seed: number): Result {
  const rng = createRng(seed);
  const draws = (): number[] => Array.from({ length: count }, () => providerTtftMs(rng));
  return resultOf(draws(), draws());
}

function learnedTtft(real: readonly number[], rng: Rng): number[] {
  const seen = real.map((ttftMs, time) => ({ time, outputTokens: 1, ttftMs, gapsMs: [] }));
  const base = { name: "none", itlMs: { kind: "constant", value: 5 } } as const;
  const options = { halfLifeMs: 3_600_000, minCalls: 20, base };
  const { profile } = learnModel({ upstream: "house", model: "house-model", calls: seen }, options);
  if (profile === undefined) throw new Error("nothing was learned");
  const { ttftMs } = prepareProfile(profile);
  return real.map(() => ttftMs.sample(rng));
}

function resultOf(real: readonly number[], other: readonly number[]): Result {
  const side = (values: readonly number[]) => samplesOf(values.map((value) => [value]));
  return compare(side(real), side(other), { gates: defaultGates, rng: createRng(1) }).result;
}

/** The share of comparisons that come to `match`, and to `differs`, in percent. */
function shares(compared: (seed: number) => Result): { readonly match: number; readonly differs: number } {
  const runs = 100;
  const results = Array.from({ length: runs }, (_, run) => compared(hash32("learned", run)));
  const share = (wanted: Result): number => (100 * results.filter((each) => each === wanted).length) / runs;
  return { match: share("match"), differs: share("differs") };
}

/** What the stand-in of a provider that died was like, beside the provider; and what chance alone makes of such a comparison. */
export async function learned(): Promise<readonly Figure[]> {
  const truth = await measureLearned();
  return [
    ...Object.entries(truth).map(([measure, { result, ks }]) => ({
      what: `learned stand-in, ${measure}, ${calls} calls on each side`,
      got: `${result}, KS ${ks.toFixed(3)}`,
      goal: "match",
      met: result === "match",
    })),
    ...[calls, 2 * calls].flatMap(byDraws),
  ];
}

/** Nothing can be more like a provider than itself: the verdict on two of its own draws says what can be asked of a stand-in. */
function byDraws(count: number): Figure[] {
  const [own, stoodIn] = [
    shares((seed) => providerByDraws(count, seed)),
    shares((seed) => standInByDraws(count, seed)),
  ];
  console.log(
    `learned          the provider against itself, ttftMs of ${count} calls: match ${own.match} %, differs ${own.differs} %`,
  );
  const what = `learned stand-in by draws, ttftMs, ${count} calls`;
  return [
    figure(`${what}: called different`, stoodIn.differs, { atMost: 5, digits: 0, unit: " %" }),
    figure(`${what}: match, as often as the provider against itself`, stoodIn.match, {
      atLeast: own.match,
      digits: 0,
      unit: " %",
    }),
  ];
}
