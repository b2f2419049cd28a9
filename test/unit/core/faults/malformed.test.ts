import { expect, test } from "vitest";
import { bend, event, jsonHead, stream, textOf, whole } from "./support.ts";
import type { Frame, Plan } from "../../../../src/core/types.ts";

const jsonOf = ({ data }: Frame) =>
  Buffer.from(data)
    .toString()
    .replace(/^data: /, "")
    .trim();
const parses = (frame: Frame): boolean => {
  try {
    JSON.parse(jsonOf(frame));
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
};

/** A JSON body that arrives in pieces, as a real one does. */
const inPieces = (...pieces: string[]): Plan => ({
  head: jsonHead,
  headAtMs: 10,
  frames: pieces.map((data, index) => ({ atMs: 10 + index, data: Buffer.from(data), tokens: 0, final: false })),
  ending: "finish",
  endAtMs: 90,
});

test("invalid JSON damages the first event and no other", () => {
  const { plan, fired } = bend(stream, { kind: "malformed" });
  expect(plan.frames.slice(0, 6).map(parses)).toEqual([false, true, true, true, true, true]);
  expect({ ...plan, frames: plan.frames.slice(1) }).toEqual({ ...stream, frames: stream.frames.slice(1) });
  expect(fired).toEqual(["malformed"]);
});

test("after two tokens the event of the third is damaged", () => {
  const { plan } = bend(stream, { kind: "malformed", afterTokens: 2 });
  expect(plan.frames.slice(0, 6).map(parses)).toEqual([true, true, true, false, true, true]);
});

test("truncated JSON lacks its second half, and the event still ends in a blank line", () => {
  const { plan } = bend(stream, { kind: "malformed", what: "truncated-json", afterEvents: 1 });
  expect(Buffer.from(plan.frames[1]!.data).toString()).toBe(`data: {"t":\n\n`);
  expect(plan.frames.slice(2)).toEqual(stream.frames.slice(2));
});

test("events without JSON are not damaged but passed over", () => {
  const frames = [event(30, "", { data: ": keep-alive\n\n" }), event(40, `{"t":"one"}`), event(50, "[DONE]")];
  const { plan } = bend({ ...stream, frames }, { kind: "malformed" });
  expect(plan.frames.map(parses)).toEqual([false, false, false]);
  expect(plan.frames[0]).toEqual(frames[0]);
  expect(plan.frames[1]).not.toEqual(frames[1]);
  expect(plan.frames[2]).toEqual(frames[2]);
});

test("a stream with no JSON after the point stays as it is, and nothing fires", () => {
  const { plan, fired } = bend(stream, { kind: "malformed", afterEvents: 6 });
  expect(plan).toEqual(stream);
  expect(fired).toEqual([]);
});

test("a JSON response becomes invalid at its start", () => {
  expect(() => JSON.parse(textOf(bend(whole(`{"a":1}`), { kind: "malformed" }).plan))).toThrow(SyntaxError);
});

test("a JSON response becomes invalid also when the point lies inside a string", () => {
  const { plan } = bend(inPieces(`{"a":"x`, `y{z"`, `}`), { kind: "malformed", afterBytes: 8 });
  expect(() => JSON.parse(textOf(plan))).toThrow(SyntaxError);
  expect(textOf(plan)).toHaveLength(13);
});

test("a truncated JSON response in pieces ends in the middle of a piece", () => {
  const { plan } = bend(inPieces(`{"a":"x`, `yyyy`, `zz"}`), {
    kind: "malformed",
    what: "truncated-json",
    afterBytes: 7,
  });
  expect(textOf(plan)).toBe(`{"a":"xyy`);
  expect([plan.ending, plan.endAtMs]).toEqual(["finish", 90]);
});

test("truncation does not split a character", () => {
  const { plan } = bend(whole(`"€€"`), { kind: "malformed", what: "truncated-json" });
  expect(textOf(plan)).toBe(`"€`);
});
