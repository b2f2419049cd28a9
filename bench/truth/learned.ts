import type { Figure } from "../lib.ts";
import type { Comparison } from "../../src/core/shadow/types.ts";
import {
  askMany,
  learnedFrom,
  openBreaker,
  recordsOf,
  standInAgainst,
  startLearningNode,
  startTimedProvider,
} from "../../test/support/records/dying-provider.ts";

/** Few enough for this process, which is provider, node and clients at once, to be no part of the timing. */
const atOnce = 5;

/** A provider that died, and the stand-in that a client should not be able to tell from it by timing. */
type LearnedTruth = {
  readonly calls: number;
  readonly ttftMs: Comparison;
  readonly gapMs: Comparison;
};

/**
 * Has a provider serve calls, kills it, and holds what its stand-in plans against what it did.
 *
 * @param calls before its death, and after it
 */
async function measureLearned(calls = 500, seed = 1): Promise<LearnedTruth> {
  const provider = await startTimedProvider(seed);
  const node = await startLearningNode(provider.url, {});
  try {
    await askMany(node, calls, atOnce);
    await learnedFrom(node, calls);
    await provider.stop();
    await openBreaker(node);
    await askMany(node, calls, atOnce);
    await node.idle();
    return { calls, ...standInAgainst(await recordsOf(node)) };
  } finally {
    await node.stop();
  }
}

/** What the stand-in of a provider that died was like, beside the provider. */
export async function learned(): Promise<readonly Figure[]> {
  const { calls, ttftMs, gapMs } = await measureLearned();
  return Object.entries({ ttftMs, gapMs }).map(([measure, { result, ks }]) => ({
    what: `learned stand-in, ${measure}, ${calls} calls on each side`,
    got: `${result}, KS ${ks.toFixed(3)}`,
    goal: "match",
    met: result === "match",
  }));
}
