import { expect, test } from "vitest";
import { bend, stream, streamHead } from "./support.ts";

test("a hang without a point sends nothing, not even the head", () => {
  const { plan, fired } = bend(stream, { kind: "hang" });
  expect(plan).toEqual({ head: undefined, headAtMs: 20, frames: [], ending: "stall", endAtMs: 20 });
  expect(fired).toEqual(["hang"]);
});

test("a hang before the body sends the head and falls silent", () => {
  const { plan } = bend(stream, { kind: "hang", where: "body" });
  expect(plan).toEqual({ head: streamHead, headAtMs: 20, frames: [], ending: "stall", endAtMs: 20 });
});

test("a hang before the first token lets the role event through", () => {
  const { plan } = bend(stream, { kind: "hang", where: "firstToken" });
  expect(plan).toEqual({ ...stream, frames: stream.frames.slice(0, 1), ending: "stall", endAtMs: 100 });
});
