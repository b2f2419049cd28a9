import type { Copied, Copy } from "../core/records/copied.ts";
import { recordOf } from "../core/records/record-of.ts";
import type { Drift } from "../core/shadow/drift.ts";
import type { ShadowStore } from "../core/shadow/store.ts";
import type { Outcome, ShadowPair } from "../core/types.ts";
import type { Exemplars } from "./exemplars.ts";
import type { Journal } from "./journal.ts";
import type { Learner } from "./learner.ts";
import type { Log } from "./log.ts";
import type { Records } from "./records/index.ts";
import type { Recorder } from "./recorder.ts";
import type { RecordMemory } from "./records/memory.ts";

/** Everything that gets the outcome of an ended call. */
export type Emitters = {
  readonly recorder: Recorder;
  readonly log: Log;
  readonly journal: Journal;
  readonly shadow: ShadowStore;
  /** The latest mirrored calls, one by one. */
  readonly mirrored: RecordMemory;
  readonly drift: Drift;
  readonly learner: Pick<Learner, "add">;
  /** Undefined where no call is remembered for a bucket of a histogram. */
  readonly exemplars?: Pick<Exemplars, "add"> | undefined;
  /** Undefined where no records of calls are kept. */
  readonly records?: Records | undefined;
};

/** Max length of a model name that is kept; a caller can send one of many megabytes. */
const maxModelLength = 256;

/**
 * Makes the one place where an outcome goes: metrics, log line, journal, records, and what is kept of mirrored calls.
 *
 * Records and what is kept of mirrored calls wait for the copy of a call, where there is one.
 *
 * A model name of more than 256 characters is cut there and ends in `…`.
 */
export function createEmit(emitters: Emitters): (outcome: Outcome, copy?: Copy) => void {
  const { recorder, log, journal, shadow, mirrored, drift, records, learner, exemplars } = emitters;
  const keep = (kept: Outcome, copied?: Copied): void => {
    learner.add(kept, copied);
    const pair = kept.shadow ?? pairOf(kept, copied);
    if (pair !== undefined && kept.notes?.overridden !== true) shadow.add(kept.model, kept.stream, pair);
    const isMirrored = copied !== undefined || wasMirrored(kept);
    if (records === undefined && !isMirrored) return;
    const record = recordOf(kept, copied);
    records?.add(record);
    if (!isMirrored) return;
    mirrored.add(record);
    drift.add(record);
  };
  return (outcome, copy) => {
    const kept = withShortModel(outcome);
    recorder.record(kept);
    log.outcome(kept);
    journal.add(kept);
    exemplars?.add(kept);
    if (copy === undefined) keep(kept);
    else copy.whenOver((copied) => keep(kept, copied));
  };
}

/** Only a simulation beside a real response has a profile; where the response failed, it was compared with nothing. */
function wasMirrored({ shadow, mode, profile }: Outcome): boolean {
  return shadow !== undefined || (mode === "real" && profile !== undefined);
}

/** A simulated response beside a real one of the same call; those that failed are not compared. */
function pairOf({ mode, status, ending, actual }: Outcome, copied: Copied | undefined): ShadowPair | undefined {
  if (copied === undefined || mode !== "simulated" || ending !== "finish" || status >= 400) return undefined;
  if (copied.ending !== "finish" || copied.status >= 400) return undefined;
  return { real: copied.timeline, simulated: actual };
}

function withShortModel(outcome: Outcome): Outcome {
  const { model } = outcome;
  if (model === undefined || model.length <= maxModelLength) return outcome;
  return { ...outcome, model: `${model.slice(0, maxModelLength)}…` };
}
