import { expect, test } from "vitest";
import { bend, stream, textOf, whole } from "./support.ts";

const times = (plan: { frames: readonly { atMs: number }[] }) => plan.frames.map(({ atMs }) => atMs);

test("a delay makes the whole response late by the same time", () => {
  const { plan, fired } = bend(stream, { kind: "delay", ms: 500 });
  expect(plan).toEqual({
    ...stream,
    headAtMs: 520,
    frames: stream.frames.map((frame) => ({ ...frame, atMs: frame.atMs + 500 })),
    endAtMs: 640,
  });
  expect(fired).toEqual(["delay"]);
});

test("a delay of the first token leaves the head and the role event on time", () => {
  const { plan } = bend(stream, { kind: "delay", ms: 500, where: "firstToken" });
  expect(plan.headAtMs).toBe(20);
  expect(times(plan)).toEqual([100, 600, 610, 620, 630, 640, 640]);
});

test("a delay of the body leaves the head on time", () => {
  const { plan } = bend(stream, { kind: "delay", ms: 500, where: "body" });
  expect(plan.headAtMs).toBe(20);
  expect(times(plan)[0]).toBe(600);
});

test("a delay after two tokens is a pause between the second and the third", () => {
  const { plan } = bend(stream, { kind: "delay", ms: 500, afterTokens: 2 });
  expect(times(plan)).toEqual([100, 100, 110, 620, 630, 640, 640]);
  expect(plan.endAtMs).toBe(640);
});

test("the first byte of a JSON body counts as its first token", () => {
  const { plan } = bend(whole("{}"), { kind: "delay", ms: 50, where: "firstToken" });
  expect([plan.headAtMs, ...times(plan), plan.endAtMs]).toEqual([200, 250, 250]);
});

test("a delay changes no byte", () => {
  expect(textOf(bend(stream, { kind: "delay", ms: 5, afterBytes: 31 }).plan)).toBe(textOf(stream));
});
