import { hash, randomBytes } from "node:crypto";
import type { ClientTotals } from "../../core/clients/totals.ts";
import type { ExperimentDefinition } from "../../core/experiments/definition.ts";
import type { RunningExperiment } from "../../core/experiments/layer.ts";
import { endOf, isActive, nothingSeen, type Run } from "../../core/experiments/run.ts";

/**
 * A run, its place in the shared counts, which one of an earlier node has not, and what clients had done in its scope until its first fault.
 */
export type Held = { run: Run; readonly slot: number | undefined; clientsBefore?: ClientTotals };

/** Runs that have ended and are kept, the latest ones. */
const keptRuns = 100;
const idBytes = 8;

/** A run that begins now, in its baseline where it has one. @param id 16 hex digits; made up where there is none */
export function newRun(
  definition: ExperimentDefinition,
  by: string,
  { nowMs, id = randomBytes(idBytes).toString("hex") }: { readonly nowMs: number; readonly id?: string | undefined },
): Run {
  const hasBaseline = definition.baselineMs > 0;
  return {
    id,
    definition,
    by,
    createdAtMs: nowMs,
    state: hasBaseline ? "baseline" : "running",
    startsAtMs: hasBaseline ? undefined : nowMs,
    endedAtMs: undefined,
    ...nothingSeen,
  };
}

/** The id that a configured experiment has on every node, as long as it is configured like that. */
export function configuredId(definition: ExperimentDefinition): string {
  return hash("sha256", `configured ${JSON.stringify(definition)}`).slice(0, idBytes * 2);
}

/** Later than any wall clock. */
const neverMs = Number.MAX_SAFE_INTEGER;

/** Those that event loops act on. */
export function runningOf(held: readonly Held[]): RunningExperiment[] {
  return held.flatMap(({ run, slot }) => {
    if (slot === undefined || !isActive(run)) return [];
    const { id, definition, startsAtMs = neverMs } = run;
    return [{ id, slot, startsAtMs, endsAtMs: endOf(run) ?? neverMs, definition }];
  });
}

/** Those that run, and the latest that have ended. */
export function latest(held: readonly Held[]): Held[] {
  const dropped = new Set(held.filter(({ run }) => !isActive(run)).slice(0, -keptRuns));
  return held.filter((each) => !dropped.has(each));
}
