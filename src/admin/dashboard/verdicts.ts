import { defaultGates, gatesText } from "../../core/shadow/gates.ts";
import type { StratumVerdict, Verdict } from "../../core/shadow/verdict.ts";
import type { Clock } from "../../limits/clock.ts";
import type { NodeView } from "../resource.ts";
import { mirrored } from "../resources/shadow.ts";
import { verdictInThread } from "../verdict.ts";
import type { FoundVerdict } from "./view/types.ts";

/** The verdict on mirrored calls, for all who look. */
export type Verdicts = {
  /**
   * The latest one, which is found anew where it is too old; undefined where none is found within a time.
   *
   * @param patienceMs how long to wait for a new one
   */
  latest(patienceMs: number): Promise<FoundVerdict | undefined>;
};

/** What it is found with. `now` is in milliseconds since 1970. */
export type VerdictsOptions = {
  readonly node: Pick<NodeView, "ask">;
  readonly clock: Pick<Clock, "wake">;
  now(): number;
};

/** A verdict is good for so long. */
const goodMs = 5000;
/** Strata that have plots. */
const maxPlotted = 4;

/** Makes what finds verdicts while somebody looks, one at a time. */
export function createVerdicts({ node, clock, now }: VerdictsOptions): Verdicts {
  let last: FoundVerdict | undefined = undefined;
  let finding: Promise<void> | undefined = undefined;
  const find = async (): Promise<void> => {
    const records = await node.ask(mirrored, 0);
    if (records.length === 0) return;
    const verdict = await verdictInThread({ records, gate: gatesText(defaultGates) });
    last = { atMs: now(), verdict: shortened(verdict) };
  };
  return {
    async latest(patienceMs) {
      if (last !== undefined && now() - last.atMs < goodMs) return last;
      // One that fails leaves the one before; whoever looks again asks again.
      finding ??= find()
        .catch(() => undefined)
        .finally(() => (finding = undefined));
      let cancel = (): void => undefined;
      const patience = new Promise<void>((resolve) => void (cancel = clock.wake(patienceMs, resolve)));
      await Promise.race([finding, patience]);
      cancel();
      return last;
    },
  };
}

/** With what the page shows of it: the measures of all strata but the first are left out, and digits that no plot shows. */
function shortened(verdict: Verdict): Verdict {
  const strata = verdict.strata.map((stratum, index): StratumVerdict => {
    if (index >= maxPlotted) return { ...stratum, measures: {}, gaps: [] };
    const { ttftMs, gapMs } = stratum.measures;
    const measures = { ...(ttftMs !== undefined && { ttftMs }), ...(gapMs !== undefined && { gapMs }) };
    return { ...stratum, measures: rounded(measures), gaps: [] };
  });
  return { ...verdict, strata };
}

function rounded<Value>(value: Value): Value {
  const digits = (_name: string, each: unknown): unknown =>
    typeof each === "number" ? Number(each.toPrecision(5)) : each;
  return JSON.parse(JSON.stringify(value, digits));
}
