import { draw } from "./rng.ts";
import type { Call, Decision, FaultConfig, FaultDraw } from "./types.ts";

/** What shall get the same decision: a request id, a header's value or the hash of an API key. */
export type DrawKey = (call: Call) => string;

/** The faults of a rule, of which at least one acts on a share of the calls only. */
export type FaultDraws = {
  readonly faults: readonly DrawnFault[];
  readonly keyOf: DrawKey;
};

type DrawnFault = {
  /** Without its percentage. */
  readonly fault: FaultConfig;
  /** 0 … 100; undefined where it always acts. */
  readonly percentage: number | undefined;
  /** What its draws are known by, so that no two faults of a node draw the same. */
  readonly name: string;
};

/**
 * Makes the draws of a list of faults.
 *
 * A fault is known by its rule, its kind, and its place among those of its kind, so that a fault of another kind that is
 * put in front changes nothing.
 *
 * @param rule its name
 * @returns undefined where every fault always acts
 */
export function compileFaultDraws(
  rule: string,
  faults: readonly FaultConfig[],
  keyOf: DrawKey,
): FaultDraws | undefined {
  if (!hasDraws(faults)) return undefined;
  const counts = new Map<string, number>();
  return {
    keyOf,
    faults: faults.map(({ percentage, ...fault }) => {
      const number = (counts.get(fault.kind) ?? 0) + 1;
      counts.set(fault.kind, number);
      // No rule has such a name, so its draw is one of its own.
      return { fault, percentage, name: `${rule} fault ${fault.kind} ${number}` };
    }),
  };
}

/** Whether one of the faults acts on a share of the calls only. */
export function hasDraws(faults: readonly FaultConfig[]): boolean {
  return faults.some(({ percentage }) => percentage !== undefined);
}

/**
 * The faults that act on a call, each by a draw of its own, in the order of the list.
 *
 * The same call, rule and seed draw the same on every node.
 */
export function drawFaults(
  { faults, keyOf }: FaultDraws,
  call: Call,
  seed: number,
): Pick<Decision, "faults" | "faultDraws"> {
  const key = keyOf(call);
  const acting: FaultConfig[] = [];
  const faultDraws: FaultDraw[] = [];
  for (const { fault, percentage, name } of faults) {
    if (percentage === undefined) {
      acting.push(fault);
      continue;
    }
    const drawn = draw(seed, name, key);
    const acts = drawn < percentage / 100;
    if (acts) acting.push(fault);
    faultDraws.push({ kind: fault.kind, percentage, draw: drawn, acts });
  }
  return { faults: acting, faultDraws };
}
