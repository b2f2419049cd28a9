import { LRUCache } from "lru-cache";

/** What responses of models take, by those that have ended. */
export type ExpectedOutput = {
  /** @returns output tokens that hardly any response passes; undefined for a model that has not responded yet */
  of(model: string | undefined): number | undefined;
  learn(model: string | undefined, outputTokens: number): void;
};

type Seen = { mean: number; deviation: number };

/** Callers choose the names of models. */
const maxModels = 500;
const meanGain = 1 / 8;
const deviationGain = 1 / 4;
const deviations = 2;

/**
 * Makes the expectation of one event loop: a running mean, and two running deviations more, as TCP estimates when a segment is late.
 *
 * @see RFC 6298 §2
 */
export function createExpectedOutput(): ExpectedOutput {
  const models = new LRUCache<string, Seen>({ max: maxModels });
  return {
    of(model = "") {
      const seen = models.get(model);
      return seen === undefined ? undefined : Math.ceil(seen.mean + deviations * seen.deviation);
    },
    learn(model = "", outputTokens) {
      const seen = models.get(model);
      if (seen === undefined) {
        models.set(model, { mean: outputTokens, deviation: outputTokens / 2 });
        return;
      }
      seen.deviation += (Math.abs(outputTokens - seen.mean) - seen.deviation) * deviationGain;
      seen.mean += (outputTokens - seen.mean) * meanGain;
    },
  };
}
