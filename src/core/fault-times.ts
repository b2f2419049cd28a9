import { totalDelayMs } from "./faults/index.ts";
import { isDistribution, leastMs, sampleMs } from "./faults/engine/time.ts";
import { draw } from "./rng.ts";
import type { FaultConfig } from "./types.ts";

/** What the times of a call's faults are drawn by, and how much later all of them together may make it. */
export type TimeDraw = {
  readonly seed: number;
  readonly callId: string;
  readonly maxDelayMs: number;
  /** The experiment that has added a fault, which draws by a seed of its own; undefined for a fault of a rule. */
  experimentOf?(fault: FaultConfig): { readonly name: string; readonly seed: number } | undefined;
};

/**
 * The faults of one call with a number for each distribution; the same seed and call id draw the same on every node.
 *
 * A draw that would delay the call by more than what is left of `maxDelayMs` is as long as that.
 *
 * @returns `faults` itself where there is nothing to draw
 */
export function withDrawnTimes(faults: readonly FaultConfig[], by: TimeDraw): readonly FaultConfig[] {
  if (!faults.some(hasDistribution)) return faults;
  let leftMs = Math.max(0, by.maxDelayMs - totalDelayMs(faults));
  const counts = new Map<string, number>();
  return faults.map((fault) => {
    const { name: experiment, seed } = by.experimentOf?.(fault) ?? { name: undefined, seed: by.seed };
    const drawn = experiment === undefined ? fault.kind : `${fault.kind} of ${experiment}`;
    const number = (counts.get(drawn) ?? 0) + 1;
    counts.set(drawn, number);
    const times: Record<string, number> = {};
    for (const [name, value] of Object.entries(fault)) {
      if (!isDistribution(name, value)) continue;
      const ms = sampleMs(value, draw(seed, `time ${drawn} ${number} ${name}`, by.callId));
      const more = delays.has(name) ? Math.min(ms - leastMs(value), leftMs) : ms - leastMs(value);
      if (delays.has(name)) leftMs -= more;
      times[name] = leastMs(value) + more;
    }
    return { ...fault, ...times };
  });
}

/** The times by which a response comes later; the others say when a fault acts. */
const delays: ReadonlySet<string> = new Set(["ms", "forMs"]);

const known = new WeakMap<FaultConfig, boolean>();

/** A fault of a rule is the same for every call. */
function hasDistribution(fault: FaultConfig): boolean {
  const before = known.get(fault);
  if (before !== undefined) return before;
  const found = Object.entries(fault).some(([name, value]) => isDistribution(name, value));
  known.set(fault, found);
  return found;
}
