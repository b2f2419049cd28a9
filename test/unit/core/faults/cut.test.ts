import { framesOf } from "../../../support/frames.ts";
import { expect, test } from "vitest";
import { bend, live, simulatedStream, stream, textOf, whole } from "./support.ts";

test("a cut after two tokens passes two tokens, then closes the connection", () => {
  const { plan, fired } = bend(stream, { kind: "cut", afterTokens: 2 });
  expect(plan).toEqual({ ...stream, frames: stream.frames.slice(0, 3), ending: "cut", endAtMs: 110 });
  expect(fired).toEqual(["cut"]);
});

test("a cut without a point closes the connection when the head would leave, and sends none", () => {
  const { plan } = bend(stream, { kind: "cut" });
  expect(plan).toEqual({ head: undefined, headAtMs: 20, frames: [], ending: "cut", endAtMs: 20 });
});

test("a cut beyond the last token leaves the response alone and does not fire", () => {
  const { plan, fired } = bend(stream, { kind: "cut", afterTokens: 5 });
  expect(plan).toEqual(stream);
  expect(fired).toEqual([]);
});

test("a cut after the last token comes before the final events", () => {
  expect(bend(stream, { kind: "cut", afterTokens: 4 }).plan.frames).toEqual(stream.frames.slice(0, 5));
});

test("a cut of a JSON response at a byte leaves its first bytes", () => {
  const { plan } = bend(whole(`{"text":"hello"}`), { kind: "cut", afterBytes: 9 });
  expect(textOf(plan)).toBe(`{"text":"`);
  expect(plan.ending).toBe("cut");
});

test.each([
  ["planned", bend],
  ["live", (plan: typeof simulatedStream, fault: { kind: "cut"; afterTokens: number }) => live(plan, [fault])],
] as const)("a %s stream whose texts are made late keeps the events before the cut", (_, cutting) => {
  const { plan } = cutting(simulatedStream, { kind: "cut", afterTokens: 2 });
  expect(plan.frames).toEqual(framesOf(simulatedStream).slice(0, 3));
  expect(plan.ending).toBe("cut");
});
