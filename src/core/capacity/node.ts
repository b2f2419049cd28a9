import type { Costs, Load } from "./types.ts";

/** What one node can do. */
export type NodeModel = {
  readonly cores: number;
  /** CPU that calls may have, in cores. */
  readonly usableCores: number;
  /** CPU time of one request, in seconds, with the contention of so many cores. */
  readonly requestSeconds: number;
  /** CPU time of one token, in seconds. */
  readonly tokenSeconds: number;
  /** Requests a second with all usable CPU and no streams. */
  readonly maxRps: number;
  readonly pauseMs: number;
};

/**
 * A node of so many cores, with one event loop each.
 *
 * Each event loop makes each request of the others a little dearer, since all share permits, rate limits and metrics in memory: the cost of
 * a request is linear in the event loops, as the sum over the counters of all workers is.
 */
export function nodeModel(cores: number, usablePercentage: number, costs: Costs): NodeModel {
  const factor = contentionFactor(cores, costs);
  const usableCores = (cores * usablePercentage) / 100;
  const requestSeconds = (costs.requestMicros * factor) / 1e6;
  return {
    cores,
    usableCores,
    requestSeconds,
    tokenSeconds: costs.tokenMicros / 1e6,
    maxRps: usableCores / requestSeconds,
    pauseMs: costs.pauseMs,
  };
}

/** What a request costs on a node of so many cores, against one core. */
export function contentionFactor(cores: number, { contentionPercentage }: Costs): number {
  return 1 + (contentionPercentage / 100) * (cores - 1);
}

/** Tokens a second that streams need. */
export function tokensPerSecond({ streams, itlMs }: Load): number {
  return streams === 0 ? 0 : (streams * 1000) / itlMs;
}

/** CPU that a load takes, in cores. */
export function coresFor(load: Load, { requestSeconds, tokenSeconds }: NodeModel): number {
  return load.rps * requestSeconds + tokensPerSecond(load) * tokenSeconds;
}

/** A share of a load. */
export function scaled(load: Load, share: number): Load {
  return { ...load, rps: load.rps * share, streams: load.streams * share };
}

const oneInHundred = Math.log(100);

/**
 * The response time that one call in a hundred passes, without that of the network.
 *
 * Each event loop is a queue of its own, since a connection stays with its loop: M/M/1, whose response time is exponential with the mean
 * S / (1 − utilisation). S is the CPU time of a request over the share of CPU that calls may have. One pause of the event loop is added.
 *
 * @param utilisation of the usable CPU, 0 … 1
 * @returns milliseconds; Infinity from 1 on
 */
export function p99Ms(utilisation: number, { requestSeconds, usableCores, cores, pauseMs }: NodeModel): number {
  if (utilisation >= 1) return Infinity;
  const serviceMs = (requestSeconds * 1000 * cores) / usableCores;
  return pauseMs + (oneInHundred * serviceMs) / (1 - utilisation);
}

/**
 * The utilisation at which P99 is at a goal.
 *
 * @returns 0 … 1; 0 where no utilisation is low enough
 */
export function utilisationAt(goalMs: number, { requestSeconds, usableCores, cores, pauseMs }: NodeModel): number {
  const serviceMs = (requestSeconds * 1000 * cores) / usableCores;
  return Math.max(0, 1 - (oneInHundred * serviceMs) / (goalMs - pauseMs));
}
