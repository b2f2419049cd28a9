import { coresFor, p99Ms, tokensPerSecond, type NodeModel } from "./node.ts";
import type { Load } from "./types.ts";

/** One second of a region. */
type Second = {
  /** Its end. */
  readonly atSeconds: number;
  readonly arrived: number;
  /** What tokens and utilisation are reckoned by. */
  readonly load: Load;
  readonly nodes: { readonly serving: number; readonly failed: number };
};

/** What was seen in some seconds. */
export type Seen = {
  readonly rps: number;
  readonly cpuPercentage: number;
  readonly p99Ms: number;
  readonly lost: number;
};

/** What nodes make of the calls of each second, added up. */
export type Service = {
  pass(second: Second): void;
  /** What was seen since it was last asked. */
  period(): Seen;
  totals(): {
    readonly arrived: number;
    readonly served: number;
    readonly lost: number;
    readonly waiting: number;
    readonly lastLossSeconds: number | undefined;
  };
};

const nothing = { seconds: 0, arrived: 0, cpu: 0, p99Ms: 0, lost: 0 };

/**
 * @param node each of them
 * @param maxWaitMs a call that would wait longer is lost
 */
export function createService(node: NodeModel, maxWaitMs: number): Service {
  let totals = { arrived: 0, served: 0, lost: 0, waiting: 0 };
  let lastLossSeconds: number | undefined;
  let seen = nothing;
  return {
    pass({ atSeconds, arrived, load, nodes }) {
      const passed = passCalls({ node, maxWaitMs, waiting: totals.waiting, arrived, load, nodes });
      const { served, lost, waiting, cpu, p99Ms } = passed;
      totals = { arrived: totals.arrived + arrived, served: totals.served + served, lost: totals.lost + lost, waiting };
      if (lost > 0) lastLossSeconds = atSeconds;
      seen = {
        seconds: seen.seconds + 1,
        arrived: seen.arrived + arrived,
        cpu: seen.cpu + cpu,
        p99Ms: seen.p99Ms + p99Ms,
        lost: seen.lost + lost,
      };
    },
    period() {
      const { seconds, arrived, cpu, p99Ms, lost } = seen;
      seen = nothing;
      return { rps: arrived / seconds, cpuPercentage: (cpu / seconds) * 100, p99Ms: p99Ms / seconds, lost };
    },
    totals: () => ({ ...totals, lastLossSeconds }),
  };
}

type Pass = Omit<Second, "atSeconds"> & {
  readonly node: NodeModel;
  readonly maxWaitMs: number;
  readonly waiting: number;
};

/** Balancers spread calls evenly, over nodes that have failed as well until they notice. Tokens of streams come before new calls. */
function passCalls({ node, maxWaitMs, waiting: before, arrived, load, nodes: { serving, failed } }: Pass) {
  const misled = serving + failed === 0 ? 0 : Math.round((arrived * failed) / (serving + failed));
  const due = before + arrived - misled;
  const usable = serving * node.usableCores;
  const free = usable - tokensPerSecond(load) * node.tokenSeconds;
  const can = Math.max(0, Math.floor(free / node.requestSeconds));
  const served = Math.min(due, can);
  const waiting = Math.min(due - served, Math.floor((can * maxWaitMs) / 1000));
  const utilisation = usable === 0 ? 1 : Math.min(1, coresFor({ ...load, rps: due }, node) / usable);
  const queueMs = can === 0 ? maxWaitMs : (waiting / can) * 1000;
  return {
    served,
    waiting,
    lost: misled + due - served - waiting,
    cpu: utilisation,
    p99Ms: Math.min(p99Ms(utilisation, node), maxWaitMs) + queueMs,
  };
}
