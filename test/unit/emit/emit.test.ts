import { expect, test } from "vitest";
import { createShadowStore, shadowReport } from "../../../src/core/shadow/store.ts";
import { createEmit } from "../../../src/emit/emit.ts";
import { createDrift } from "../../../src/core/shadow/drift.ts";
import { createRecordMemory } from "../../../src/emit/records/memory.ts";
import { createJournal } from "../../../src/emit/journal.ts";
import type { Outcome } from "../../../src/core/types.ts";
import { outcome, timeline } from "./outcome.ts";

function createTestEmit() {
  const recordedOutcomes: Outcome[] = [];
  const logged: Outcome[] = [];
  const journal = createJournal(10);
  const shadow = createShadowStore();
  const mirrored = createRecordMemory(10);
  const emit = createEmit({
    recorder: {
      record: (each) => void recordedOutcomes.push(each),
      faultStarted() {},
      recordingEnded() {},
      copied() {},
      paid() {},
      setLabels() {},
    },
    log: { outcome: (each) => void logged.push(each), info() {}, warn() {}, error() {} },
    journal,
    shadow,
    mirrored,
    drift: createDrift(),
    learner: { add() {} },
  });
  return { emit, recordedOutcomes, logged, journal, shadow, mirrored };
}

test("an outcome reaches the metrics, the log and the journal", () => {
  const { emit, recordedOutcomes, logged, journal } = createTestEmit();
  const one = outcome();
  emit(one);
  expect([recordedOutcomes, logged, journal.last(10)]).toEqual([[one], [one], [one]]);
});

test("only a mirrored call reaches the shadow store", () => {
  const { emit, shadow } = createTestEmit();
  emit(outcome());
  emit(outcome({ shadow: { real: timeline(1, 2), simulated: timeline(3, 4) } }));
  expect(shadowReport([shadow.snapshot()]).strata).toMatchObject([{ model: "gpt-4o", stream: true, pairs: 1 }]);
});

test("a call whose caller asked for other times is kept, and not compared", () => {
  const { emit, shadow, mirrored } = createTestEmit();
  const notes = { inFlight: 1, observed: false, usage: undefined, overridden: true };
  emit(outcome({ notes, mode: "real", shadow: { real: timeline(1, 2), simulated: timeline(3, 4) } }));
  expect(shadowReport([shadow.snapshot()]).strata).toEqual([]);
  expect(mirrored.last(10, () => true)).toMatchObject([{ overridden: true, mirror: { ttftMs: 3 } }]);
});

test("a mirrored call is kept one by one, also one whose real side failed", () => {
  const { emit, mirrored } = createTestEmit();
  emit(outcome());
  emit(outcome({ mode: "real", profile: "slow", shadow: { real: timeline(1, 2), simulated: timeline(3, 4) } }));
  emit(outcome({ mode: "real", profile: "slow", status: 502, cause: "UPSTREAM_CUT" }));
  const kept = mirrored.last(10, () => true);
  expect(kept.map(({ status, mirror }) => [status, mirror?.name])).toEqual([
    [200, "slow"],
    [502, undefined],
  ]);
});

test("a model name of any length takes no more than 257 characters of memory", () => {
  const { emit, journal } = createTestEmit();
  emit(outcome({ model: "m".repeat(100_000) }));
  expect(journal.last(1)[0]!.model).toBe(`${"m".repeat(256)}…`);
});
