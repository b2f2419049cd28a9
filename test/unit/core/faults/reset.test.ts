import { expect, test } from "vitest";
import { bend, stream } from "./support.ts";

test("a reset after three events passes three events, then resets", () => {
  const { plan, fired } = bend(stream, { kind: "reset", afterEvents: 3 });
  expect(plan).toEqual({ ...stream, frames: stream.frames.slice(0, 3), ending: "reset", endAtMs: 110 });
  expect(fired).toEqual(["reset"]);
});

test("a reset without a point comes instead of the head", () => {
  const { plan } = bend(stream, { kind: "reset" });
  expect(plan).toEqual({ head: undefined, headAtMs: 20, frames: [], ending: "reset", endAtMs: 20 });
});
