import type { TrafficRecord } from "../records/types.ts";
import { readGates } from "./gates.ts";
import { pairsIn } from "./observed.ts";
import { verdictOf, type Verdict } from "./verdict.ts";

/** What a verdict on mirrored calls is asked for. Plain data. */
export type Judging = {
  readonly records: readonly TrafficRecord[];
  /** As `readGates` reads them. */
  readonly gate: string;
};

/** The verdict on mirrored calls. */
export function judge({ records, gate }: Judging): Verdict {
  return verdictOf(pairsIn(records), { gates: readGates(gate) });
}
