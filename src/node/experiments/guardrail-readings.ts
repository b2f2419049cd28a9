import { guardrailValues } from "../../core/experiments/guardrails.ts";
import { isActive, type Run, type RunView } from "../../core/experiments/run.ts";
import type { Reading } from "../../emit/metrics.ts";

/**
 * What the guardrails of running experiments see, and what they halt at; no value where there are too few calls.
 *
 * @param runs of two of one name the later one is told
 */
export function guardrailReadings(runs: readonly Run[], nowMs: number): Reading[] {
  const readings = new Map<string, Reading>();
  for (const { definition, recent, createdAtMs } of runs.filter(isActive)) {
    const { name, guardrails } = definition;
    const second = Math.max(0, Math.ceil((nowMs - createdAtMs) / 1000) - 1);
    const values = guardrailValues(guardrails, recent, second);
    for (const [index, { metric, overMs, above, below }] of guardrails.entries()) {
      const labels = [name, metric, String(overMs / 1000)];
      const value = values[index];
      const limit = above === undefined ? { bound: "below", at: below ?? 0 } : { bound: "above", at: above };
      const told: Reading[] = [
        ...(value === undefined ? [] : [{ name: "experiment_guardrail_value" as const, labels, value }]),
        { name: "experiment_guardrail_limit", labels: [...labels, limit.bound], value: limit.at },
      ];
      for (const each of told) readings.set([each.name, ...(each.labels ?? [])].join("\n"), each);
    }
  }
  return [...readings.values()];
}

/** The affected calls of running experiments that are under way, and how many there may be. @param runs the newest first */
export function concurrentReadings(runs: readonly RunView[]): Reading[] {
  const byName = new Map(runs.toReversed().map((run) => [run.name, run]));
  return [...byName.values()].flatMap(({ name, concurrent, maxConcurrent }): Reading[] => [
    ...(concurrent === undefined
      ? []
      : [{ name: "experiment_concurrent_calls" as const, labels: [name], value: concurrent }]),
    ...(maxConcurrent === undefined
      ? []
      : [{ name: "experiment_concurrent_calls_limit" as const, labels: [name], value: maxConcurrent }]),
  ]);
}
