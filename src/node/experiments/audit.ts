import type { AuditEntry } from "../../admin/chaos.ts";
import type { Run } from "../../core/experiments/run.ts";
import type { Log } from "../../emit/log.ts";

/** What was done with experiments and the kill switch, by whom. */
export type Audit = {
  note(what: string, by: string, run: Run | undefined): void;
  /** The latest entries, the newest first. */
  entries(): readonly AuditEntry[];
};

/** Entries that are kept, the latest ones. */
const keptEntries = 1000;

/** Keeps what was done, and tells it in the log. */
export function createAudit(log: Log, wallClockMs: () => number): Audit {
  const entries: AuditEntry[] = [];
  return {
    note(what, by, run) {
      const about = run === undefined ? {} : { id: run.id, experiment: run.definition.name, broken: run.broken };
      entries.push({ at: new Date(wallClockMs()).toISOString(), what, by, ...about });
      if (entries.length > keptEntries) entries.shift();
      log.info({ what, by, ...about }, "experiment");
    },
    entries: () => entries.toReversed(),
  };
}
