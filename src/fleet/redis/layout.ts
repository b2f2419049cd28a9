import { hash } from "node:crypto";

/** Version of what stands in Redis; nodes that write another one cannot share with us. */
export const layoutVersion = 1;

/** Digits that tell one key of a caller from another. */
const idDigits = 32;

/** Names of everything that stands in Redis. */
export type Layout = {
  /** The version of the layout, an integer. */
  readonly version: string;
  /** When the buckets of a caller are full again. @param id from `callerId` */
  rate(id: string): string;
  /** Attempts of a request that were no success. @param id a hash */
  attempts(id: string): string;
  /** Number of the latest call of those that a rule counts together. @param id a hash */
  calls(id: string): string;
  /** What each process has used of a budget in a window. @param endsAtMs when the window ends, milliseconds since 1970 */
  budget(upstream: string, kind: string, endsAtMs: number): string;
  /** What each process may use of it without asking again. */
  grants(upstream: string, kind: string, endsAtMs: number): string;
  /** The latest word on the circuit breaker of an upstream. */
  breaker(upstream: string): string;
  /** What a node tells of its calls. @param node its name */
  report(node: string): string;
  /** Calls from which nodes learn the timing of upstreams. */
  readonly learned: string;
  /** Nodes that are alive, by name. */
  readonly nodes: string;
  /** Experiments, by id. */
  readonly experiments: string;
  /** The kill switch. */
  readonly killSwitch: string;
  /** Counts changes of experiments and of the kill switch. */
  readonly changes: string;
  /** The channel on which changes are told. */
  readonly channel: string;
};

/**
 * Names what stands in Redis.
 *
 * @param prefix of each name; nodes with the same one share
 */
export function createLayout(prefix: string): Layout {
  const named = (name: string): string => `${prefix}:${name}`;
  return {
    version: named("version"),
    rate: (id) => named(`rate:${id}`),
    attempts: (id) => named(`attempts:${id}`),
    calls: (id) => named(`calls:${id}`),
    budget: (upstream, kind, endsAtMs) => named(`budget:${upstream}:${kind}:${endsAtMs}`),
    grants: (upstream, kind, endsAtMs) => named(`grants:${upstream}:${kind}:${endsAtMs}`),
    breaker: (upstream) => named(`breaker:${upstream}`),
    report: (node) => named(`report:${node}`),
    learned: named("learned"),
    nodes: named("nodes"),
    experiments: named("experiments"),
    killSwitch: named("kill-switch"),
    changes: named("changes"),
    channel: named("changed"),
  };
}

/**
 * How a caller is known in Redis, from which nobody can tell its key.
 *
 * @param sha256 of its API key; undefined for calls without one
 */
export function callerId(sha256: string | undefined): string {
  return sha256 === undefined ? "nobody" : hash("sha256", sha256).slice(0, idDigits);
}
