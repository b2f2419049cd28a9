import { expect, test } from "vitest";
import { at, heldAt, inUse } from "../../../../src/limits/permits/nodes.ts";
import { createPermitMemory, PermitTable } from "../../../../src/limits/permits/table.ts";

function setUp(options: { max: number; queue: number }) {
  const memory = createPermitMemory({ ...options, workers: 2 });
  return { table: new PermitTable(memory, 0), other: new PermitTable(memory, 1) };
}

test("between a release and the grant that follows nobody gets past those who wait", () => {
  const { table, other } = setUp({ max: 1, queue: 1 });
  table.tryTake();
  table.join();
  // What a release does before it has the lock.
  Atomics.sub(table.words, heldAt(0), 1);
  expect(other.tryTake()).toBe(false);
  expect(inUse(table.words)).toBe(0);
});

test("a permit that was released between asking and queueing is granted at once", () => {
  const { table } = setUp({ max: 1, queue: 1 });
  const place = table.join();
  expect(place?.granted).toEqual([place?.node]);
  expect(inUse(table.words)).toBe(1);
});

test("when the last waiter leaves the way in without a lock is open again", () => {
  const { table } = setUp({ max: 1, queue: 1 });
  table.tryTake();
  const place = table.join();
  expect(Atomics.load(table.words, at.closed)).toBe(1);
  expect(table.leave(place!.node)).toBe(true);
  expect(Atomics.load(table.words, at.closed)).toBe(0);
});

test("a place whose grant is not picked up yet keeps no other call from queueing", () => {
  const { table, other } = setUp({ max: 1, queue: 1 });
  table.tryTake();
  other.join();
  table.giveBack();
  expect(table.join()).toBeDefined();
  expect(table.join()).toBeUndefined();
});

test("grants that no worker has picked up yet keep no call from queueing, also after the limit was raised", () => {
  const memory = createPermitMemory({ max: 1, queue: 2, workers: 20 });
  const supervisor = new PermitTable(memory, 20);
  supervisor.tryTake();
  for (let worker = 0; worker < 20; worker += 1) {
    const table = new PermitTable(memory, worker);
    expect([table.join(), table.join(), table.join()].map(Boolean)).toEqual([true, true, false]);
    supervisor.setMax(3 + 2 * worker);
  }
  expect(inUse(supervisor.words)).toBe(41);
});

test("grants by another worker are picked up once, in their order", () => {
  const { table, other } = setUp({ max: 2, queue: 2 });
  table.tryTake();
  table.tryTake();
  const places = [other.join()!.node, other.join()!.node];
  table.giveBack();
  table.giveBack();
  expect(other.collect()).toEqual(places);
  expect(other.collect()).toEqual([]);
});

test("each grant by another worker changes the wake word", () => {
  const { table, other } = setUp({ max: 1, queue: 1 });
  table.tryTake();
  other.join();
  const before = Atomics.load(other.words, other.wakeIndex);
  table.giveBack();
  expect(Atomics.load(other.words, other.wakeIndex)).not.toBe(before);
});

test("the lock that a dead worker held is free again", () => {
  const { table } = setUp({ max: 1, queue: 1 });
  const deadOwner = 2;
  Atomics.store(table.words, at.lock, deadOwner);
  table.returnAllOf(1);
  expect(Atomics.load(table.words, at.lock)).toBe(0);
});

test("lists that a dead worker left half-changed are whole again", () => {
  const { table, other } = setUp({ max: 1, queue: 3 });
  table.tryTake();
  const first = table.join()!.node;
  other.join();
  const last = table.join()!.node;
  for (const word of [at.head, at.tail, at.free]) table.words[word] = 0;
  table.returnAllOf(1);
  expect(table.giveBack()).toEqual([first]);
  expect(table.giveBack()).toEqual([last]);
});

test("a limit can be set while the lock is not to be had, and says that waiters are not served", () => {
  const { table } = setUp({ max: 1, queue: 1 });
  Atomics.store(table.words, at.lock, 2);
  expect(table.setMax(2)).toBeUndefined();
  expect(Atomics.load(table.words, at.max)).toBe(2);
});

test("a death is noted later when another dead worker has the lock", () => {
  const { table, other } = setUp({ max: 1, queue: 1 });
  other.tryTake();
  Atomics.store(table.words, at.lock, 3);
  expect(table.returnAllOf(1)).toBeUndefined();
  expect(table.returnAllOf(2)).toEqual([]);
  expect(table.returnAllOf(1)).toEqual([]);
  expect(inUse(table.words)).toBe(0);
});
