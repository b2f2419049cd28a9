import { scaled } from "./node.ts";
import { simulate, type Run, type Scenario } from "./simulate.ts";
import type { Load, Policy, TrafficPoint } from "./types.ts";

/** What the loss of one region does to all. */
export type RegionLoss = {
  readonly lost: string;
  /** Until DNS sends its clients elsewhere. */
  readonly detectedAfterSeconds: number;
  /** Until no call is lost any more; undefined where that was not seen. */
  readonly recoveredAfterSeconds: number | undefined;
  readonly lostCalls: number;
  /** Streams that were open there, and break. */
  readonly brokenStreams: number;
  readonly others: readonly { readonly name: string; readonly run: Run }[];
};

/** When the region is lost. */
const lostAtSeconds = 300;
/** Seen for so long. */
const watchedSeconds = 3600;

/** Seconds until health checks of the DNS and the time to live of its records have passed. */
export function redirectedAfter({ failover }: Policy): number {
  return failover.intervalSeconds * failover.unhealthyChecks + failover.ttlSeconds;
}

/** What regions are given. */
type Regions = Pick<Scenario, "policy" | "node" | "seed"> & {
  readonly load: Load;
  /** Nodes of each region. */
  readonly nodes: Readonly<Record<string, number>>;
};

/**
 * Plays the loss of a region: its calls are lost until DNS sends its clients to the others, by their shares.
 *
 * A client keeps its region's address until the health checks and the time to live of the record have passed.
 */
export function loseRegion(lost: string, { policy, node, seed, load, nodes }: Regions): RegionLoss {
  const own = (policy.regions[lost] ?? 0) / 100;
  const detectedAfterSeconds = redirectedAfter(policy);
  const redirectedAt = lostAtSeconds + detectedAfterSeconds;
  const names = Object.keys(policy.regions).filter((name) => name !== lost);
  const others = names.map((name) => {
    const share = (policy.regions[name] ?? 0) / 100;
    const traffic = stepAt(redirectedAt, 100 / (1 - own));
    const startNodes = nodes[name] ?? policy.nodes.min;
    const run = simulate({
      load: scaled(load, share),
      traffic,
      seconds: watchedSeconds,
      policy,
      node,
      seed,
      startNodes,
    });
    return { name, run };
  });
  const lastLoss = Math.max(redirectedAt, ...others.map(({ run }) => run.lastLossSeconds ?? 0));
  return {
    lost,
    detectedAfterSeconds,
    recoveredAfterSeconds: lastLoss >= watchedSeconds - 1 ? undefined : lastLoss - lostAtSeconds,
    lostCalls: Math.round(load.rps * own * detectedAfterSeconds) + others.reduce((sum, { run }) => sum + run.lost, 0),
    brokenStreams: Math.round(load.streams * own),
    others,
  };
}

/** All of the traffic, and more from a time on. */
function stepAt(seconds: number, percentage: number): TrafficPoint[] {
  return [
    { atMinutes: 0, percentage: 100 },
    { atMinutes: (seconds - 1) / 60, percentage: 100 },
    { atMinutes: seconds / 60, percentage },
  ];
}
