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

/** Whether a provider that died was replaced by one that a client cannot tell from it by timing. */
export type LearnedTruth = {
  readonly calls: number;
  readonly ttftMs: Comparison;
  readonly gapMs: Comparison;
  readonly isTrue: boolean;
};

/**
 * Has a provider serve calls, kills it, and holds what its stand-in plans against what it did.
 *
 * @param calls before its death, and after it
 */
export async function measureLearned(calls = 500, seed = 1): Promise<LearnedTruth> {
  const provider = await startTimedProvider(seed);
  const node = await startLearningNode(provider.url, {});
  try {
    await askMany(node, calls, atOnce);
    await learnedFrom(node, calls);
    await provider.stop();
    await openBreaker(node);
    await askMany(node, calls, atOnce);
    await node.idle();
    const compared = standInAgainst(await recordsOf(node));
    return { calls, ...compared, isTrue: Object.values(compared).every(({ result }) => result === "match") };
  } finally {
    await node.stop();
  }
}
