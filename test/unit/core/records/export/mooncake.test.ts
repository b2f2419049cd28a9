import { expect, test } from "vitest";
import { mooncakeExporter } from "../../../../../src/core/records/export/mooncake.ts";
import { recordOf } from "../../../../../src/core/records/record-of.ts";
import type { Outcome } from "../../../../../src/core/types.ts";
import { outcome } from "../../../emit/outcome.ts";

function exported(...calls: readonly Partial<Outcome>[]): { hash_ids: number[]; timestamp: number }[] {
  const exporter = mooncakeExporter();
  for (const call of calls) exporter.record(recordOf(outcome(call)));
  return exporter
    .end()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

const cached = (promptTokens: number, cachedTokens: number): Partial<Outcome> => ({
  notes: { inFlight: 1, usage: { promptTokens, cachedTokens, outputTokens: 5 } },
});

test("the lines are in the order of time, also where the records are not", () => {
  const lines = exported({ promptTokens: 1, startedAtMs: 3000 }, { promptTokens: 1, startedAtMs: 1000 });
  expect(lines.map(({ timestamp }) => timestamp)).toEqual([0, 2000]);
});

test("a prompt has a hash for each block of 512 tokens that it has begun", () => {
  const lines = exported({ promptTokens: 512 }, { promptTokens: 513 }, { promptTokens: 1 });
  expect(lines.map(({ hash_ids: ids }) => ids)).toEqual([[1], [2, 3], [4]]);
});

test("what a cache gave is the same at the beginning of all prompts of a model and key", () => {
  const lines = exported(cached(1600, 1024), cached(1100, 600), { ...cached(1100, 600), model: "other" });
  expect(lines.map(({ hash_ids: ids }) => ids)).toEqual([
    [1, 2, 3, 4],
    [1, 5, 6],
    [7, 8, 9],
  ]);
});
