import type { RecordFiles } from "./files.ts";
import type { RecordMemory } from "./memory.ts";

/** Keeps records of calls, in memory and in files. */
export type Records = RecordMemory & {
  counts(): RecordCounts;
  /** Resolves when all that was added is written, or lost. */
  close(): Promise<void>;
};

/** Records that are in files, and those that no file has. */
export type RecordCounts = { readonly written: number; readonly dropped: number };

/** What records are kept with. */
export type RecordsOptions = {
  readonly memory: RecordMemory;
  /** Undefined where they are kept in memory only. */
  readonly files: RecordFiles | undefined;
  /** Runs `task` once after a delay; returns what cancels it. */
  readonly clock: { wake(delayMs: number, task: () => void): () => void };
};

/** A crash loses what has come within this time. */
const everyMs = 500;
const maxChars = 256 * 1024;

/** Makes what keeps the records of one event loop. */
export function createRecords({ memory, files, clock }: RecordsOptions): Records {
  let text = "";
  let count = 0;
  let cancel: (() => void) | undefined;
  const flush = (): void => {
    cancel?.();
    cancel = undefined;
    if (count > 0) files?.write(text, count);
    text = "";
    count = 0;
  };
  return {
    last: memory.last,
    add(record) {
      memory.add(record);
      if (files === undefined) return;
      // One at a time, so that the event loop is never held up by many.
      text += `${JSON.stringify(record)}\n`;
      count += 1;
      if (text.length >= maxChars) flush();
      else cancel ??= clock.wake(everyMs, flush);
    },
    counts: () => files?.counts() ?? { written: 0, dropped: 0 },
    async close() {
      flush();
      await files?.close();
    },
  };
}
