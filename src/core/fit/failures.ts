import type { ProfileFailure } from "../simulator/types.ts";
import { rounded, sortedOf } from "./sample.ts";
import { quantileOf } from "../statistics/quantile.ts";
import type { CallFailure, Observation } from "./types.ts";

/**
 * How often calls fail, by kind, as faults of the simulator.
 *
 * @returns undefined where none failed in a way that is told
 */
export function failuresOf(observations: readonly Observation[]): readonly ProfileFailure[] | undefined {
  const failed = observations.flatMap(({ failure }) =>
    failure === undefined || failure.kind === "unknown" ? [] : [failure],
  );
  const groups = Map.groupBy(failed, (failure) =>
    failure.kind === "status" ? `status ${failure.status}` : failure.kind,
  );
  const found = [...groups.values()].flatMap((group) => failureOf(group, observations.length));
  return found.length === 0 ? undefined : found.sort((a, b) => b.percentage - a.percentage);
}

function failureOf(group: readonly CallFailure[], calls: number): ProfileFailure[] {
  const [first] = group;
  const percentage = rounded((group.length / calls) * 100, 3);
  if (first === undefined || first.kind === "unknown") return [];
  if (first.kind === "status") return [{ kind: "status", status: first.status, percentage }];
  const tokens = group.flatMap((failure) => ("afterTokens" in failure ? [failure.afterTokens] : []));
  const afterTokens = Math.round(quantileOf(sortedOf(tokens), 0.5));
  const point = afterTokens > 0 ? { afterTokens } : { before: "firstToken" };
  return [{ kind: first.kind, ...point, percentage }];
}
