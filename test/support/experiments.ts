import { settingsOf } from "../../src/config/load.ts";
import { experimentSchema } from "../../src/core/experiments/definition.ts";
import { placeOf } from "../../src/core/experiments/places.ts";
import { nothingSeen, withSecond, type Run } from "../../src/core/experiments/run.ts";
import { unseen } from "../../src/core/experiments/window.ts";
import { createLog } from "../../src/emit/log.ts";
import { createExperimentMemory, createNodeCounts } from "../../src/limits/experiment-counts.ts";
import { createExperiments, type RunningExperiments } from "../../src/node/experiments.ts";
import { createRunHistory } from "../../src/node/run-history.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";

/** An experiment as it is written. */
export const outage = {
  name: "outage",
  percentage: 100,
  durationMs: 60_000,
  faults: [{ kind: "status", status: 503 }],
};

/** A run of `outage` in which calls were seen. */
export function anyRun(changes: Partial<Run> = {}): Run {
  const run: Run = {
    id: "0123456789abcdef",
    definition: experimentSchema.parse({ ...outage, guardrails: [{ metric: "errorRate", above: 5, minCalls: 1 }] }),
    by: "ann",
    createdAtMs: 1_000_000,
    state: "completed",
    startsAtMs: 1_000_000,
    endedAtMs: 1_060_000,
    ...nothingSeen,
    ...changes,
  };
  const place = placeOf({ kind: "status", stage: "outage", rule: "default", model: "gpt-4o" });
  const clean = { ...unseen.clean, calls: 3, succeeded: 3, ttft: { 40: 2, 41: 1 }, total: { 50: 3 } };
  const all = { ...clean, calls: 5, failed: 2 };
  const during = { ...unseen, calls: 5, affected: 2, clean, all, faults: { status: 2 }, places: { [place]: 2 } };
  return { ...withSecond(run, 3, { during }), recent: [] };
}

/** A log whose lines can be read. */
export function createReadableLog() {
  const lines: string[] = [];
  const write = (text: string): void => void lines.push(...text.split("\n").filter((line) => line !== ""));
  const log = createLog({ level: "info", batch: { write, flush: () => undefined }, wallClockMs: () => 0 });
  return { log, lines };
}

/** The runner of a node without event loops, on a clock that moves only when told. */
export async function createRunner(
  config: object = {},
  { folder = ".", clock = createFakeClock() }: { readonly folder?: string; readonly clock?: FakeClock } = {},
): Promise<{ readonly experiments: RunningExperiments; readonly clock: FakeClock; readonly lines: string[] }> {
  const settings = await settingsOf(config, {}, folder);
  const { log, lines } = createReadableLog();
  const experiments = createExperiments({
    clock,
    log,
    eventLoops: { ask: async (question, ..._args) => question.merge([]), set: async () => undefined },
    counts: createNodeCounts(createExperimentMemory(1), 1),
    history: createRunHistory(settings.historyFile, log),
    settings: () => settings,
    wallClockMs: () => clock.now(),
  });
  return { experiments, clock, lines };
}
