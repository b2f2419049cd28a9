import { recordOf } from "../../../../src/core/records/record-of.ts";
import { expect, test } from "vitest";
import { createRecords } from "../../../../src/emit/records/index.ts";
import { createRecordMemory } from "../../../../src/emit/records/memory.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";
import { outcome } from "../outcome.ts";

function setUp() {
  const clock = createFakeClock();
  const batches: { lines: number; count: number }[] = [];
  let closed = 0;
  const records = createRecords({
    memory: createRecordMemory(10),
    files: {
      write: (text, count) => void batches.push({ lines: text.split("\n").length - 1, count }),
      counts: () => ({ written: 5, dropped: 1 }),
      close: async () => void (closed += 1),
    },
    clock,
  });
  return { clock, batches, records, closed: () => closed };
}

test("records are written together, the first of them half a second after its call at the latest", () => {
  const { clock, batches, records } = setUp();
  records.add(recordOf(outcome()));
  clock.advance(499);
  records.add(recordOf(outcome()));
  expect(batches).toEqual([]);
  clock.advance(1);
  expect(batches).toEqual([{ lines: 2, count: 2 }]);
  clock.advance(5000);
  expect([batches.length, clock.pending()]).toEqual([1, 0]);
});

test("many records are written sooner", () => {
  const { batches, records } = setUp();
  for (let count = 0; count < 2000; count += 1) records.add(recordOf(outcome()));
  expect(batches.length).toBeGreaterThan(0);
});

test("what waits is written when the loop ends", async () => {
  const { batches, records, closed, clock } = setUp();
  records.add(recordOf(outcome()));
  await records.close();
  expect([batches, closed(), clock.pending()]).toEqual([[{ lines: 1, count: 1 }], 1, 0]);
});
