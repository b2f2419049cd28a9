import type { Policy, Trigger } from "./types.ts";

/** What the autoscaler sees of one period. */
export type Reading = {
  /** End of the period. */
  readonly atSeconds: number;
  readonly cpuPercentage: number;
  readonly p99Ms: number;
  /** Nodes that serve or will. */
  readonly nodes: number;
};

/** What it decides: nodes to add or, below 0, to remove; 0 where it would add but must not. */
export type Change = { readonly nodes: number; readonly because: string };

/** An autoscaler as `policy.scaling` describes it. */
export type Scaler = (reading: Reading) => Change | undefined;

/** Since when a condition holds. */
type Watch = (holds: boolean, atSeconds: number) => boolean;

/** A condition has to hold in each period of its time. */
function watch({ forSeconds }: Trigger, periodSeconds: number): Watch {
  let since: number | undefined;
  return (holds, atSeconds) => {
    since = holds ? (since ?? atSeconds - periodSeconds) : undefined;
    return since !== undefined && atSeconds - since >= forSeconds;
  };
}

/** An autoscaler that has seen nothing yet. */
export function createScaler({ scaling, nodes: { min, max } }: Policy): Scaler {
  const { up, down, evaluateSeconds, cooldownSeconds } = scaling;
  const cpuHigh = watch(up.cpuPercentage, evaluateSeconds);
  const p99High = watch(up.p99Ms, evaluateSeconds);
  const cpuLow = watch(down.cpuPercentage, evaluateSeconds);
  const p99Low = watch(down.p99Ms, evaluateSeconds);
  let scaledAt = -Infinity;
  return ({ atSeconds, cpuPercentage, p99Ms, nodes }) => {
    const highCpu = cpuHigh(cpuPercentage > up.cpuPercentage.limit, atSeconds);
    const highP99 = p99High(p99Ms > up.p99Ms.limit, atSeconds);
    const lowCpu = cpuLow(cpuPercentage < down.cpuPercentage.limit, atSeconds);
    const lowP99 = p99Low(p99Ms < down.p99Ms.limit, atSeconds);
    if (atSeconds - scaledAt < cooldownSeconds) return undefined;
    const change =
      highCpu || highP99
        ? { nodes: Math.min(up.nodes, max - nodes), because: reasonUp({ highCpu, highP99 }, scaling) }
        : lowCpu && lowP99 && nodes > min
          ? { nodes: -Math.min(down.nodes, nodes - min), because: reasonDown(scaling) }
          : undefined;
    if (change !== undefined) scaledAt = atSeconds;
    return change;
  };
}

function reasonUp(
  { highCpu, highP99 }: { readonly highCpu: boolean; readonly highP99: boolean },
  { up }: Policy["scaling"],
): string {
  const cpu = `CPU above ${up.cpuPercentage.limit} % for ${timeText(up.cpuPercentage.forSeconds)}`;
  const p99 = `P99 above ${up.p99Ms.limit} ms for ${timeText(up.p99Ms.forSeconds)}`;
  return [...(highCpu ? [cpu] : []), ...(highP99 ? [p99] : [])].join(", ");
}

function reasonDown({ down }: Policy["scaling"]): string {
  return `CPU below ${down.cpuPercentage.limit} % for ${timeText(down.cpuPercentage.forSeconds)} and P99 below ${down.p99Ms.limit} ms`;
}

/** Seconds in words: `90 s`, `5 min`. */
export function timeText(seconds: number): string {
  return seconds >= 60 && seconds % 60 === 0 ? `${seconds / 60} min` : `${Math.round(seconds)} s`;
}
