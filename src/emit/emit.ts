import { recordOf } from "../core/records/record-of.ts";
import type { Drift } from "../core/shadow/drift.ts";
import type { ShadowStore } from "../core/shadow/store.ts";
import type { Outcome } from "../core/types.ts";
import type { Journal } from "./journal.ts";
import type { Log } from "./log.ts";
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
};

/** Max length of a model name that is kept; a caller can send one of many megabytes. */
const maxModelLength = 256;

/**
 * Makes the one place where an outcome goes: metrics, log line, journal, and what is kept of mirrored calls.
 *
 * A model name of more than 256 characters is cut there and ends in `…`.
 */
export function createEmit(emitters: Emitters): (outcome: Outcome) => void {
  const { recorder, log, journal, shadow, mirrored, drift } = emitters;
  return (outcome) => {
    const kept = withShortModel(outcome);
    recorder.record(kept);
    log.outcome(kept);
    journal.add(kept);
    if (kept.shadow !== undefined) shadow.add(kept.model, kept.stream, kept.shadow);
    if (!wasMirrored(kept)) return;
    const record = recordOf(kept);
    mirrored.add(record);
    drift.add(record);
  };
}

/** Only a simulation beside a real response has a profile; where the response failed, it was compared with nothing. */
function wasMirrored({ shadow, mode, profile }: Outcome): boolean {
  return shadow !== undefined || (mode === "real" && profile !== undefined);
}

function withShortModel(outcome: Outcome): Outcome {
  const { model } = outcome;
  if (model === undefined || model.length <= maxModelLength) return outcome;
  return { ...outcome, model: `${model.slice(0, maxModelLength)}…` };
}
