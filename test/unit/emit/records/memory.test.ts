import { expect, test } from "vitest";
import { recordOf } from "../../../../src/core/records/record-of.ts";
import { createRecordMemory } from "../../../../src/emit/records/memory.ts";
import { outcome, timeline } from "../outcome.ts";

const all = (): boolean => true;

function fill(size: number, count: number, tokens = 2) {
  const memory = createRecordMemory(size);
  const actual = timeline(...Array.from({ length: tokens }, (_, index) => index));
  for (let index = 0; index < count; index += 1) memory.add(recordOf(outcome({ id: `call-${index}`, actual })));
  return memory;
}

test("the latest records are kept, the oldest first", () => {
  expect(
    fill(3, 5)
      .last(10, all)
      .map(({ id }) => id),
  ).toEqual(["call-2", "call-3", "call-4"]);
});

test("of those that are wanted the latest are given", () => {
  const wanted = fill(10, 6).last(2, ({ id }) => id !== "call-5");
  expect(wanted.map(({ id }) => id)).toEqual(["call-3", "call-4"]);
});

test("records with many gaps are fewer, so that all together have at most 2,000,000", () => {
  expect(fill(5000, 2500, 1001).last(5000, all)).toHaveLength(2000);
});

test("a memory of 0 keeps none", () => {
  expect(fill(0, 3).last(10, all)).toEqual([]);
});
