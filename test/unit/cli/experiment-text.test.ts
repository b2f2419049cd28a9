import { expect, test } from "vitest";
import { runLine } from "../../../src/cli/experiment-text.ts";
import { viewOf } from "../../../src/core/experiments/run.ts";
import { runOf } from "../core/experiments/report/sample.ts";

const running = { state: "running" } as const;

test.each([
  [viewOf(runOf({ limits: { maxConcurrent: 50 } }, running), 3), "0 affected, 3 of at most 50 now; until"],
  [viewOf(runOf({}, running), 3), "0 affected, 3 now; until"],
  [viewOf(runOf()), /0 affected$/],
])("a line of a run tells how many calls it affects now", (view, text) => {
  expect(runLine(view)).toMatch(text);
});
