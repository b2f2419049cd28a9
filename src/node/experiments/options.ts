import type { AuditLog } from "../../admin/audit.ts";
import type { ClientsView } from "../../admin/resource.ts";
import type { Settings } from "../../config/load.ts";
import type { Run } from "../../core/experiments/run.ts";
import type { Log } from "../../emit/log.ts";
import type { Clock } from "../../limits/clock.ts";
import type { NodeCounts } from "../../limits/experiment-counts.ts";
import type { EventLoops } from "../event-loops.ts";

/** What experiments are run with. */
export type ExperimentsOptions = {
  readonly clock: Clock;
  readonly log: Log;
  readonly eventLoops: Pick<EventLoops, "ask" | "set"> & { readonly clients: ClientsView };
  readonly counts: NodeCounts;
  readonly audit: AuditLog;
  settings(): Settings;
  wallClockMs(): number;
  /** Told of what other nodes have to know; absent where nothing is shared. */
  readonly changed?: (() => void) | undefined;
};

/** Who ended an experiment, or what did. */
export type EndedBy = { readonly by?: string; readonly from?: string | undefined; readonly broken?: Run["broken"] };
