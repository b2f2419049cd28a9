import type { ShadowStore } from "../core/shadow.ts";
import type { Outcome } from "../core/types.ts";
import type { Journal } from "./journal.ts";
import type { Log } from "./log.ts";
import type { Records } from "./records/index.ts";
import type { Recorder } from "./recorder.ts";

/** Everything that gets the outcome of an ended call. */
export type Emitters = {
  readonly recorder: Recorder;
  readonly log: Log;
  readonly journal: Journal;
  readonly shadow: ShadowStore;
  /** Undefined where no records of calls are kept. */
  readonly records?: Records | undefined;
};

/** Max length of a model name that is kept; a caller can send one of many megabytes. */
const maxModelLength = 256;

/**
 * Makes the one place where an outcome goes: metrics, log line, journal, shadow store and records.
 *
 * A model name of more than 256 characters is cut there and ends in `…`.
 */
export function createEmit(emitters: Emitters): (outcome: Outcome) => void {
  const { recorder, log, journal, shadow, records } = emitters;
  return (outcome) => {
    const kept = withShortModel(outcome);
    recorder.record(kept);
    log.outcome(kept);
    journal.add(kept);
    records?.add(kept);
    if (kept.shadow !== undefined) shadow.add(kept.model, kept.stream, kept.shadow);
  };
}

function withShortModel(outcome: Outcome): Outcome {
  const { model } = outcome;
  if (model === undefined || model.length <= maxModelLength) return outcome;
  return { ...outcome, model: `${model.slice(0, maxModelLength)}…` };
}
