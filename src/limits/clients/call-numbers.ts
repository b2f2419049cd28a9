import { hash32 } from "../../core/rng.ts";
import { BucketTable, createTableMemory, type RowId, type TableShape } from "./bucket-table.ts";

/** Numbers calls one after the other, over all event loops of a node. */
export type CallNumbers = {
  /**
   * Counts one more call.
   *
   * @param scope who counts
   * @param group what is counted apart; undefined for one count of all calls, which is never forgotten
   * @returns its number, from 1
   */
  next(scope: string, group: string | undefined, nowMs: number): number;
};

/** Groups are forgotten, the longest unused first, when there are too many; counts of all calls have a table of their own. */
const groups: TableShape = { buckets: 512, words: 1, times: 1 };
const wholes: TableShape = { buckets: 64, words: 1, times: 1 };

/** The memory of both. */
export type NumberMemory = { readonly groups: SharedArrayBuffer; readonly wholes: SharedArrayBuffer };

/** Allocates the counts of a node. */
export function createNumberMemory(): NumberMemory {
  return { groups: createTableMemory(groups), wholes: createTableMemory(wholes) };
}

/**
 * Makes what numbers calls in one event loop.
 *
 * @param forgetAfterMs a group without a call for so long is counted from 1 again
 */
export function createCallNumbers(
  memory: NumberMemory,
  worker: number,
  forgetAfterMs: () => number,
): CallNumbers & { returnLocksOf(worker: number): void } {
  const tables = {
    groups: new BucketTable(memory.groups, groups, worker),
    wholes: new BucketTable(memory.wholes, wholes, worker),
  };
  return {
    next(scope, group, nowMs) {
      const id = { high: hash32(scope, group ?? ""), low: hash32(group ?? "", scope, "low") };
      if (group === undefined) return countIn(tables.wholes, id, { nowMs, forgetAfterMs: Infinity });
      return countIn(tables.groups, id, { nowMs, forgetAfterMs: forgetAfterMs() });
    },
    returnLocksOf(dead) {
      tables.groups.returnLocksOf(dead);
      tables.wholes.returnLocksOf(dead);
    },
  };
}

type Times = { readonly nowMs: number; readonly forgetAfterMs: number };

function countIn(table: BucketTable, id: RowId, { nowMs, forgetAfterMs }: Times): number {
  const counted = table.locked(table.bucketOf(id), () => {
    let row = table.find(id);
    if (row === -1) row = addIn(table, id);
    const isForgotten = nowMs - table.time(row, 0) > forgetAfterMs;
    const number = isForgotten ? 1 : table.word(row, 0) + 1;
    table.setWord(row, 0, number);
    table.setTime(row, 0, nowMs);
    return number;
  });
  return counted ?? 1;
}

function addIn(table: BucketTable, id: RowId): number {
  const row = table.add(id);
  if (row !== -1) return row;
  let oldest = -1;
  for (const each of table.used(table.bucketOf(id)))
    if (oldest === -1 || table.time(each, 0) < table.time(oldest, 0)) oldest = each;
  table.free(oldest);
  return table.add(id);
}
