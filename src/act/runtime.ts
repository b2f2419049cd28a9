import { prepareFault, type PreparedFault } from "../core/faults/index.ts";
import type { Snapshot } from "../core/snapshot.ts";
import type { FaultConfig } from "../core/types.ts";
import type { Header } from "../core/dialects/types.ts";
import type { Breaker } from "../limits/breaker.ts";
import type { Keys } from "../limits/keys.ts";
import type { ProfileCache } from "../limits/profile-cache.ts";
import type { Rates } from "../limits/rates.ts";
import type { Upstream } from "./upstream.ts";

/** One snapshot and what was built for it in this event loop. */
export type Runtime = {
  readonly snapshot: Snapshot;
  readonly keys: Keys | undefined;
  readonly rates: Rates | undefined;
  readonly profiles: ProfileCache;
  readonly upstreams: ReadonlyMap<string, UpstreamRuntime>;
};

export type UpstreamRuntime = {
  readonly upstream: Upstream;
  readonly breaker: Breaker;
  readonly whenOpen: "simulate" | "fail" | "forward";
  /** The header with the key that is sent instead of the caller's. */
  readonly credential: Header | undefined;
};

const prepared = new WeakMap<readonly FaultConfig[], readonly PreparedFault[]>();

/**
 * The faults of a decision, ready to bend; prepared once per list.
 *
 * @throws CONFIG_INVALID for options that no configuration check has seen
 */
export function preparedFaults(configs: readonly FaultConfig[]): readonly PreparedFault[] {
  const known = prepared.get(configs);
  if (known !== undefined) return known;
  const made = configs.map((config) => prepareFault(config));
  prepared.set(configs, made);
  return made;
}
