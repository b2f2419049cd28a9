import type { AuditLog } from "../../../../src/admin/audit.ts";
import { createAuditLog } from "../../../../src/node/admin/audit.ts";
import { settingsOf } from "../../../../src/config/load.ts";
import type { ClientTotals } from "../../../../src/core/clients/totals.ts";
import { createLog } from "../../../../src/emit/log.ts";
import {
  createExperimentMemory,
  createLoopCounts,
  createNodeCounts,
  type LoopCounts,
} from "../../../../src/limits/experiment-counts.ts";
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

/** What a test has of it. */
type TestRunner = {
  readonly experiments: RunningExperiments;
  readonly audit: AuditLog;
  /** The counts as an event loop keeps them. */
  readonly loop: LoopCounts;
  readonly clock: FakeClock;
  readonly lines: string[];
};

/** The runner of a node without event loops, on a clock that moves only when told. */
export async function createRunner(
  config: object = {},
  { folder = ".", clock = createFakeClock(), clients = () => [] }: RunnerOptions = {},
): Promise<TestRunner> {
  const settings = await settingsOf(config, {}, folder);
  const { log, lines } = createReadableLog();
  const audit = createAuditLog(log, () => clock.now());
  const memory = createExperimentMemory(1);
  const experiments = createExperiments({
    clock,
    log,
    eventLoops: {
      ask: async (question, ..._args) => question.merge([]),
      set: async () => undefined,
      clients: { read: clients },
    },
    audit,
    counts: createNodeCounts(memory, 1),
    settings: () => settings,
    wallClockMs: () => clock.now(),
  });
  const loop = createLoopCounts(memory, { loops: 1, worker: 0 });
  return { experiments, audit, loop, clock, lines };
}
