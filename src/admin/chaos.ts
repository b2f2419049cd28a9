import type { Report } from "../core/experiments/report/report.ts";
import type { RunView } from "../core/experiments/run.ts";

/** The experiments of a node, as the admin API has them. `by` is who asks, and `from` the address of the client. */
export type Experiments = {
  /** @throws ProblemError with every error of the experiment, or why none can be started */
  start(raw: unknown, by: string, from?: string): Promise<RunView>;
  /** Those that run, and the latest that have ended, the newest first. */
  list(): readonly RunView[];
  find(id: string): Report | undefined;
  /** Resolves when no event loop adds its faults any more; to undefined where there is none. */
  stop(id: string, by: string, from?: string): Promise<RunView | undefined>;
  /** The kill switch: no fault of any experiment, rule or control header acts until `resume`. */
  stopAll(by: string, from?: string): Promise<readonly RunView[]>;
  resume(by: string, from?: string): void;
  killed(): boolean;
};
