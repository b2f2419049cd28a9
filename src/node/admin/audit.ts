import type { AuditEntry, AuditLog } from "../../admin/audit.ts";
import type { Log } from "../../emit/log.ts";

/** Entries that are kept, the latest ones. */
const keptEntries = 1000;

/** Makes the audit log of a node: it keeps what was changed, and tells it in the log. */
export function createAuditLog(log: Log, wallClockMs: () => number): AuditLog {
  const entries: AuditEntry[] = [];
  let number = 0;
  return {
    note(note) {
      number += 1;
      entries.push({ at: new Date(wallClockMs()).toISOString(), ...note, number });
      if (entries.length > keptEntries) entries.shift();
      log.info(note, note.experiment === undefined ? "changed" : "experiment");
    },
    entries: () => entries.toReversed(),
  };
}
