import type { Io } from "../args.ts";

/** Says how far something is, on a terminal, once it takes long. */
export type Progress = {
  /** @param done of the total */
  reached(done: number): void;
  /** Takes the line away. */
  end(): void;
};

/** What takes less is not worth a line. */
const quietMs = 2000;
const againMs = 250;

type Task = {
  /** What is done, such as `reading`. */
  readonly doing: string;
  /** In any unit; `done` has the same. */
  readonly total: number;
  now(): number;
};

/** Makes what tells the progress of a task that begins now, on standard error; nothing is told where that is no terminal. */
export function createProgress(
  { err, hasErrorTerminal = false }: Pick<Io, "err" | "hasErrorTerminal">,
  task: Task,
): Progress {
  const startMs = task.now();
  let nextMs = startMs + quietMs;
  let isShown = false;
  return {
    reached(done) {
      const nowMs = task.now();
      if (!hasErrorTerminal || done <= 0 || nowMs < nextMs) return;
      nextMs = nowMs + againMs;
      isShown = true;
      const left = Math.ceil(((nowMs - startMs) * (task.total - done)) / done / 1000);
      err(`\r${task.doing}: ${Math.floor((100 * done) / task.total)} %, ${left} s left\u001B[K`);
    },
    end() {
      if (isShown) err("\r\u001B[K");
    },
  };
}
