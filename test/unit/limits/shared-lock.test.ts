import { expect, test } from "vitest";
import { acquire, release } from "../../../src/limits/shared-lock.ts";

const createWords = (): Int32Array => new Int32Array(new SharedArrayBuffer(8));

test("a free lock is taken in the name of its owner", () => {
  const words = createWords();
  expect(acquire({ words, index: 1 }, 7)).toBe(true);
  expect(words[1]).toBe(7);
});

test("a held lock is not to be had within the given naps", () => {
  const words = createWords();
  acquire({ words, index: 0 }, 1);
  expect(acquire({ words, index: 0 }, 2, { naps: 2 })).toBe(false);
  expect(words[0]).toBe(1);
});

test("a lock that was given back can be taken by another", () => {
  const words = createWords();
  acquire({ words, index: 0 }, 1);
  release(words, 0);
  expect(acquire({ words, index: 0 }, 2, { naps: 1 })).toBe(true);
});

test("the lock of a dead owner is taken over", () => {
  const words = createWords();
  acquire({ words, index: 0 }, 1);
  expect(acquire({ words, index: 0 }, 2, { dead: 1, naps: 1 })).toBe(true);
  expect(words[0]).toBe(2);
});

test("the lock of a living owner is not taken over in place of a dead one", () => {
  const words = createWords();
  acquire({ words, index: 0 }, 3);
  expect(acquire({ words, index: 0 }, 2, { dead: 1, naps: 1 })).toBe(false);
});
