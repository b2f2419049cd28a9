import { settingsOf } from "../../../../src/config/load.ts";
import type { ClientTotals } from "../../../../src/core/clients/totals.ts";
import { createLog } from "../../../../src/emit/log.ts";
import { createExperimentMemory, createNodeCounts } from "../../../../src/limits/experiment-counts.ts";
import { createAudit } from "../../../../src/node/experiments/audit.ts";
import { createExperiments, type RunningExperiments } from "../../../../src/node/experiments/experiments.ts";
import { createFakeClock, type FakeClock } from "../../../support/fake-clock.ts";

/** A log whose lines can be read. */
export function createReadableLog() {
  const lines: string[] = [];
  const write = (text: string): void => void lines.push(...text.split("\n").filter((line) => line !== ""));
  const log = createLog({ level: "info", batch: { write, flush: () => undefined }, wallClockMs: () => 0 });
  return { log, lines };
}

type RunnerOptions = {
  readonly folder?: string;
  readonly clock?: FakeClock;
  readonly clients?: (slot?: number) => ClientTotals;
};

/** The runner of a node without event loops, on a clock that moves only when told. */
export async function createRunner(
  config: object = {},
  { folder = ".", clock = createFakeClock(), clients = () => [] }: RunnerOptions = {},
): Promise<{ readonly experiments: RunningExperiments; readonly clock: FakeClock; readonly lines: string[] }> {
  const settings = await settingsOf(config, {}, folder);
  const { log, lines } = createReadableLog();
  const experiments = createExperiments({
    clock,
    log,
    audit: createAudit(log, () => clock.now()),
    eventLoops: {
      ask: async (question, ..._args) => question.merge([]),
      set: async () => undefined,
      clients: { read: clients },
    },
    counts: createNodeCounts(createExperimentMemory(1), 1),
    settings: () => settings,
    wallClockMs: () => clock.now(),
  });
  return { experiments, clock, lines };
}
