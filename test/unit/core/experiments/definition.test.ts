import { expect, test } from "vitest";
import { definitionErrors } from "../../../../src/core/experiments/definition.ts";
import { definitionOf } from "./running.ts";

const errorsOf = (changes: object, maxDurationMs = 3_600_000) => definitionErrors(definitionOf(changes), maxDurationMs);
const cut = [{ kind: "cut" }];

test("an experiment with faults, a percentage and an end has no errors", () => {
  expect(errorsOf({})).toEqual([]);
});

test.each([
  ["no fault", { faults: undefined }, [], "needs `faults`, `serve`, `profile` or `stages`"],
  ["an empty list of faults", { faults: [] }, ["faults"], "have no fault"],
  ["stages without a fault", { stages: [{ name: "a", durationMs: 1000 }] }, ["stages"], "have no fault"],
  [
    "stages that last longer than the whole",
    { stages: [{ name: "a", durationMs: 90_000, faults: cut }] },
    ["stages"],
    "last 90000 ms together, but durationMs is 60000",
  ],
  [
    "a ramp longer than its stage",
    { stages: [{ name: "a", durationMs: 1000, rampMs: 2000, faults: cut }] },
    ["stages", 0, "rampMs"],
    "must be at most the durationMs of the stage, 1000",
  ],
  [
    "both faults and stages",
    { faults: cut, stages: [{ name: "a", durationMs: 1000, faults: cut }] },
    ["faults"],
    "cannot be combined with `stages`",
  ],
])("%s is an error", (_name, changes, path, message) => {
  expect(errorsOf(changes)).toEqual([{ path, message }]);
});

test("an experiment may not last longer than the configuration allows", () => {
  expect(errorsOf({}, 30_000)).toEqual([
    { path: ["durationMs"], message: "must be at most chaos.maxDurationMs, which is 30000" },
  ]);
});
