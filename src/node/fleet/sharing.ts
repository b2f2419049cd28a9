import type { Snapshot } from "../../core/snapshot.ts";
import { redisUrlOf } from "../../config/sections/shared.ts";
import type { Settings } from "../../config/load.ts";
import { createSharedAttempts } from "../../fleet/attempts.ts";
import { createFleetMemory } from "../../fleet/memory.ts";
import { callerId } from "../../fleet/redis/layout.ts";
import { openLink, type OpenOptions, type RedisSettings } from "../../fleet/redis/open.ts";
import { createSharedRates } from "../../fleet/shared-rates.ts";
import type { SharedAttempts } from "../../limits/clients/shared-attempts.ts";
import type { SharedRates } from "../../limits/shared-rates.ts";

/** What an event loop shares with other nodes. */
export type LoopSharing = {
  /** Resolves when it is known whether Redis can be used. */
  tried(): Promise<void>;
  readonly attempts: SharedAttempts;
  /** @param memory of the rates of this node */
  ratesOf(snapshot: Snapshot, memory: SharedArrayBuffer): SharedRates;
  close(): void;
};

/** What sharing needs of an event loop. */
export type SharingOptions = Pick<OpenOptions, "clock" | "log"> & {
  readonly settings: Settings;
  /** From `createFleetBuffer`. */
  readonly memory: SharedArrayBuffer;
  readonly worker: number;
};

/** The Redis of a configuration; undefined where nothing is shared. */
export function redisOf({ config, env, redisFiles = {} }: Settings): RedisSettings | undefined {
  const url = redisUrlOf(config.shared, env);
  if (config.shared === undefined || url === undefined) return undefined;
  const { prefix, timeoutMs, tls } = config.shared.redis;
  return {
    url,
    prefix,
    timeoutMs,
    tls: { ...redisFiles, ...(tls?.serverName !== undefined && { servername: tls.serverName }) },
  };
}

/** Connects an event loop with what nodes share; undefined where nothing is shared. */
export function createLoopSharing({ settings, memory, worker, clock, log }: SharingOptions): LoopSharing | undefined {
  const redis = redisOf(settings);
  if (redis === undefined) return undefined;
  const fleet = createFleetMemory(memory);
  const { link, layout } = openLink({ settings: redis, fleet, link: worker, clock, log });
  return {
    tried: link.tried,
    ratesOf({ keys, rateLimits: limits }, rates) {
      const ids = [...keys.map(({ sha256 }) => callerId(sha256)), callerId(undefined)];
      return createSharedRates({ link, layout, fleet, clock, memory: rates, limits, ids });
    },
    attempts: createSharedAttempts({ link, layout }),
    close: link.close,
  };
}
