import { pid } from "node:process";
import { createRecordFiles } from "../emit/records/files.ts";
import { createRecords, type Records } from "../emit/records/index.ts";
import { createRecordMemory } from "../emit/records/memory.ts";
import type { Settings } from "../config/load.ts";
import type { Log } from "../emit/log.ts";
import type { Clock } from "../limits/clock.ts";

/** The event loop whose records they are. */
type Loop = {
  readonly settings: Settings;
  readonly worker: number;
  readonly memory: { readonly loops: number };
  readonly clock: Clock;
  readonly log: Log;
  wallClockMs(): number;
};

/** Where the records of one event loop go; undefined where none are kept. */
export function createLoopRecords(options: Loop): Records | undefined {
  const { settings, worker, memory, clock, log, wallClockMs } = options;
  const { records: wanted } = settings.config;
  if (wanted === undefined) return undefined;
  const { recordsDir: dir } = settings;
  const { loops } = memory;
  const { maxBytes, maxAgeMs, compress } = wanted;
  const writer = { pid, loop: worker };
  return createRecords({
    memory: createRecordMemory(Math.ceil(wanted.memory / loops)),
    files:
      dir === undefined
        ? undefined
        : createRecordFiles({ dir, maxBytes, maxAgeMs, compress, writer, loops, log, wallClockMs }),
    clock,
  });
}
