import type { AuditEntry } from "../../admin/chaos.ts";
import type { Run } from "../../core/experiments/run.ts";
import type { Log } from "../../emit/log.ts";

/** What was done with experiments, the kill switch and breakers, by whom. */
export type Audit = {
  note(what: string, by: string, run: Run | undefined): void;
  noteBreaker(what: string, by: string, upstream: string): void;
  /** The latest entries, the newest first. */
  entries(): readonly AuditEntry[];
};

/** Entries that are kept, the latest ones. */
const keptEntries = 1000;

/** Keeps what was done, and tells it in the log. */
export function createAudit(log: Log, wallClockMs: () => number): Audit {
  const entries: AuditEntry[] = [];
  const add = (entry: Omit<AuditEntry, "at">): void => {
    entries.push({ at: new Date(wallClockMs()).toISOString(), ...entry });
    if (entries.length > keptEntries) entries.shift();
  };
  return {
    note(what, by, run) {
      const about = run === undefined ? {} : { id: run.id, experiment: run.definition.name, broken: run.broken };
      add({ what, by, ...about });
      log.info({ what, by, ...about }, "experiment");
    },
    noteBreaker(what, by, upstream) {
      add({ what, by, upstream });
      log.warn({ what, by, upstream }, "breaker");
    },
    entries: () => entries.toReversed(),
  };
}
