import { expect, test } from "vitest";
import {
  createExperimentMemory,
  createLoopCounts,
  createNodeCounts,
  returnExperimentsOf,
} from "../../../src/limits/experiment-counts.ts";

function setUp() {
  const memory = createExperimentMemory(2);
  const [first, second] = [0, 1].map((worker) => createLoopCounts(memory, { loops: 2, worker }));
  return { memory, first: first!, second: second!, node: createNodeCounts(memory, 2) };
}

test("a limit on all calls holds over the event loops", () => {
  const { first, second, node } = setUp();
  const limits = { maxCalls: 3 };
  const taken = [first, second, first, second].map((loop) => loop.take(5, limits));
  expect(taken).toEqual([true, true, true, false]);
  expect(node.read(5)).toEqual({ affected: 3, concurrent: 3 });
});

test("a limit on concurrent calls leaves room again when one ends, and refuses none for good", () => {
  const { first, second, node } = setUp();
  const limits = { maxConcurrent: 1 };
  expect([first.take(0, limits), second.take(0, limits)]).toEqual([true, false]);
  first.release(0);
  expect(second.take(0, limits)).toBe(true);
  expect(node.read(0)).toEqual({ affected: 2, concurrent: 1 });
});

test("the calls of a dead event loop are under way no longer", () => {
  const { memory, first, second, node } = setUp();
  first.take(1, {});
  first.take(1, {});
  second.take(1, {});
  returnExperimentsOf(memory, 2, 0);
  expect(node.read(1)).toEqual({ affected: 3, concurrent: 1 });
});

test("slots do not touch each other, nor the kill switch", () => {
  const { first, node } = setUp();
  first.take(0, {});
  first.take(1, {});
  expect([node.read(0).affected, node.read(1).affected, node.stopped()]).toEqual([1, 1, false]);
});

test("every event loop sees the kill switch", () => {
  const { first, second, node } = setUp();
  node.stop();
  expect([first.stopped(), second.stopped()]).toEqual([true, true]);
  node.resume();
  expect([first.stopped(), second.stopped()]).toEqual([false, false]);
});

test("a slot that is used again counts from 0", () => {
  const { first, node } = setUp();
  first.take(0, {});
  first.release(0);
  node.clear(0);
  expect(node.read(0)).toEqual({ affected: 0, concurrent: 0 });
});
