import { expect, test } from "vitest";
import { createResponseMemory, createKeptResponses, returnResponseLock } from "../../../src/limits/kept-responses.ts";

const mebibyte = 1024 * 1024;
/** As many answers of this length as the memory has room for, and some more. */
const large = "x".repeat(mebibyte - 100);

function make() {
  const memory = createResponseMemory();
  return { memory, one: createKeptResponses(memory, 0), other: createKeptResponses(memory, 1) };
}

test("what one event loop keeps every other finds, and forgets for all", () => {
  const { one, other } = make();
  one.keep("resp_1", ["a text with ☃ and\nlines"]);
  expect(other.find("resp_1")).toBe("a text with ☃ and\nlines");
  expect(other.forget("resp_1")).toBe(true);
  expect(one.find("resp_1")).toBeUndefined();
  expect(one.forget("resp_1")).toBe(false);
});

test("pieces are kept as one text", () => {
  const { one } = make();
  one.keep("id", ["a ☃", "", "\nline"]);
  expect(one.find("id")).toBe("a ☃\nline");
});

test("nothing is found under an id that begins like another", () => {
  const { one } = make();
  one.keep("resp_12", ["a"]);
  expect(one.find("resp_1")).toBeUndefined();
  expect(one.find("resp_123")).toBeUndefined();
});

test("a text replaces the one kept under its id before", () => {
  const { one } = make();
  one.keep("id", ["first"]);
  one.keep("id", ["second"]);
  expect(one.find("id")).toBe("second");
  expect(one.forget("id")).toBe(true);
  expect(one.find("id")).toBeUndefined();
});

test("the oldest are forgotten when there are more than 4,096", () => {
  const { one } = make();
  for (let index = 0; index <= 4096; index += 1) one.keep(`id${index}`, [String(index)]);
  expect(one.find("id0")).toBeUndefined();
  expect(one.find("id1")).toBe("1");
  expect(one.find("id4096")).toBe("4096");
});

test("the oldest are forgotten when there are more than 16 MiB, and the rest are whole", () => {
  const { one } = make();
  for (let index = 0; index < 40; index += 1) one.keep(`id${index}`, [large + index]);
  const found = Array.from({ length: 40 }, (_, index) => one.find(`id${index}`));
  expect(found.findIndex((text) => text !== undefined)).toBe(24);
  for (let index = 24; index < 40; index += 1) expect(found[index]!.endsWith(`x${index}`)).toBe(true);
});

test("texts of different lengths never run into each other", () => {
  const { one } = make();
  const textOf = (index: number): string => String(index).padEnd((index * 7919) % 300_000, ".");
  let kept = 0;
  for (let index = 0; index < 500; index += 1) {
    one.keep(`id${index}`, [textOf(index)]);
    for (const back of [0, 1, 20, 60]) {
      const text = one.find(`id${index - back}`);
      if (text === undefined) continue;
      kept += 1;
      expect(text === textOf(index - back)).toBe(true);
    }
  }
  expect(kept).toBeGreaterThan(1500);
});

test("a response whose bytes were overwritten is not found, even if they look like it", () => {
  const { one } = make();
  const kibibyte = 1024;
  let fills = 0;
  /** Takes exactly so many bytes of the memory. */
  const fill = (bytes: number): void => {
    const id = `f${(fills += 1)}`;
    one.keep(id, ["x".repeat(bytes - id.length - 1)]);
  };
  for (const mebibytes of [15, 14]) {
    if (mebibytes === 14) {
      fill(900 * kibibyte);
      one.keep("a", ["true"]);
    }
    for (let count = 0; count < mebibytes; count += 1) fill(mebibyte);
    fill(200 * kibibyte);
    // Left over at the end of the memory when it was filled once, it is the oldest when it is full again.
    if (mebibytes === 15) fill(10 * kibibyte);
  }
  expect(one.find("a")).toBe("true");
  const before = "y".repeat(900 * kibibyte - 2);
  one.keep("q", [`${before}a\nforged${"y".repeat(mebibyte - 2 - before.length - 8)}`]);
  expect(one.find("q")).toHaveLength(mebibyte - 2);
  expect(one.find("a")).toBeUndefined();
});

test("a text above 1 MiB is not kept, and pushes nothing out", () => {
  const { one } = make();
  one.keep("small", ["a"]);
  one.keep("large", ["x".repeat(mebibyte)]);
  expect(one.find("large")).toBeUndefined();
  expect(one.find("small")).toBe("a");
});

test("the lock of an event loop that died is given back", () => {
  const { memory, one, other } = make();
  one.keep("id", ["a"]);
  Atomics.store(new Int32Array(memory), 0, 2);
  expect(one.find("id")).toBeUndefined();
  returnResponseLock(memory, 0);
  expect(one.find("id")).toBeUndefined();
  returnResponseLock(memory, 1);
  expect(one.find("id")).toBe("a");
  expect(other.find("id")).toBe("a");
});
