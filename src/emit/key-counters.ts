import type { Outcome } from "../core/types.ts";
import { closedLabels, noneLabel, otherLabel, type RecordedName } from "./catalog.ts";
import { add } from "./histogram.ts";

/** Counts calls and tokens by API key. */
export type KeyCounters = {
  /** @param codeClass index into the values of `code_class` */
  count(outcome: Outcome, codeClass: number): void;
};

type Places = { readonly requestsAt: readonly number[]; readonly promptAt: number; readonly outputAt: number };

/**
 * Makes counters for these keys, one for all others together, and one for calls without a key; all are there from the start.
 *
 * @param place finds where the value of a label set stands in `values`
 */
export function createKeyCounters(
  values: Float64Array,
  place: (metric: RecordedName, ...labels: readonly string[]) => number,
  keys: readonly string[],
): KeyCounters {
  const placesOf = (key: string): Places => ({
    requestsAt: (closedLabels["code_class"] ?? []).map((codes) => place("key_requests_total", key, codes)),
    promptAt: place("key_prompt_tokens_total", key),
    outputAt: place("key_output_tokens_total", key),
  });
  const known = new Map(keys.map((key) => [key, placesOf(key)]));
  const others = placesOf(otherLabel);
  const nobody = placesOf(noneLabel);
  return {
    count({ keyName, promptTokens = 0, actual }, codeClass) {
      const places = keyName === undefined ? nobody : (known.get(keyName) ?? others);
      const requestsAt = places.requestsAt[codeClass];
      if (requestsAt !== undefined) add(values, requestsAt, 1);
      add(values, places.promptAt, promptTokens);
      add(values, places.outputAt, actual.tokens);
    },
  };
}
