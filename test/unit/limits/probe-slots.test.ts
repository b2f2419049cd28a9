import { expect, test } from "vitest";
import { createProbeMemory, probeSlot, returnProbesOf } from "../../../src/limits/probe-slots.ts";

test("event loops find the same slot by the name of the upstream, and other upstreams have others", () => {
  const memory = createProbeMemory();
  const names = Array.from({ length: 200 }, (_, index) => `upstream-${index}`);
  for (const name of names) expect(probeSlot(memory, name, 0).tryTake()).toBe(true);
  for (const name of names) expect(probeSlot(memory, name, 1).tryTake()).toBe(false);
});

test("a slot is given back by the event loop that has it, and by no other", () => {
  const memory = createProbeMemory();
  const [own, other] = [probeSlot(memory, "a", 0), probeSlot(memory, "a", 1)];
  own.tryTake();
  other.release();
  expect(other.tryTake()).toBe(false);
  own.release();
  expect(other.tryTake()).toBe(true);
});

test("what a dead event loop held is taken back", () => {
  const memory = createProbeMemory();
  probeSlot(memory, "a", 3).tryTake();
  returnProbesOf(memory, 3);
  expect(probeSlot(memory, "a", 0).tryTake()).toBe(true);
});

test("beyond all slots an event loop has one of its own", () => {
  const memory = createProbeMemory();
  for (let index = 0; index < 1024; index += 1) probeSlot(memory, `upstream-${index}`, 0);
  expect(probeSlot(memory, "late", 0).tryTake()).toBe(true);
  expect(probeSlot(memory, "late", 1).tryTake()).toBe(true);
});
