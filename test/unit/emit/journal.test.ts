import { expect, test } from "vitest";
import { createJournal } from "../../../src/emit/journal.ts";
import { outcome, timeline } from "./outcome.ts";

function filled(size: number, calls: number) {
  const journal = createJournal(size);
  for (let index = 1; index <= calls; index += 1) journal.add(outcome({ id: `req-${index}` }));
  return journal;
}

test("the newest outcome comes first", () => {
  expect(
    filled(5, 3)
      .last(5)
      .map(({ id }) => id),
  ).toEqual(["req-3", "req-2", "req-1"]);
});

test("a full journal forgets the oldest outcomes", () => {
  expect(
    filled(3, 8)
      .last(10)
      .map(({ id }) => id),
  ).toEqual(["req-8", "req-7", "req-6"]);
});

test("no more than the limit is given", () => {
  expect(
    filled(5, 9)
      .last(2)
      .map(({ id }) => id),
  ).toEqual(["req-9", "req-8"]);
});

test("an empty journal gives nothing", () => {
  expect(createJournal(3).last(3)).toEqual([]);
});

test("of a very long timeline the first 1,000 token times are kept, and the count of all", () => {
  const long = timeline(...Array.from({ length: 5000 }, (_, index) => index));
  const journal = createJournal(1);
  journal.add(outcome({ actual: long, planned: long, shadow: { real: long, simulated: timeline(1) } }));
  const kept = journal.last(1)[0]!;
  for (const each of [kept.actual, kept.planned!, kept.shadow!.real]) {
    expect([each.atMs.length, each.tokens, each.totalMs]).toEqual([1000, 5000, 4999]);
  }
  expect(kept.shadow!.simulated.atMs).toEqual([1]);
});
