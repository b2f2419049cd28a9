import { expect, test } from "vitest";
import { bend, event, live, stream, streamHead, textOf, whole } from "../support.ts";
import type { Plan } from "../../../../../src/core/types.ts";

test("afterBytes divides an event exactly at that byte", () => {
  const bytes = Buffer.from(textOf(stream));
  const { plan } = bend(stream, { kind: "cut", afterBytes: 40 });
  expect(textOf(plan)).toBe(bytes.subarray(0, 40).toString());
  expect(plan.frames.map(({ tokens }) => tokens)).toEqual([0, 0]);
});

test("afterBytes divides also in the middle of a character", () => {
  const { plan } = bend(whole("a€b"), { kind: "cut", afterBytes: 3 });
  expect(plan.frames.map(({ data }) => data)).toEqual([Uint8Array.of(0x61, 0xe2, 0x82)]);
});

test("afterBytes at the border of an event divides nothing", () => {
  const first = Buffer.from(stream.frames[0]!.data).length;
  expect(bend(stream, { kind: "cut", afterBytes: first }).plan.frames).toEqual(stream.frames.slice(0, 1));
});

test("a point at the last byte is reached before the end", () => {
  const { plan, fired } = bend(whole("{}"), { kind: "cut", afterBytes: 2 });
  expect([textOf(plan), plan.ending]).toEqual(["{}", "cut"]);
  expect(fired).toEqual(["cut"]);
});

test.each(["afterTokens", "afterEvents", "afterBytes"])("%s: 0 is reached right after the head", (name) => {
  const { plan } = bend(stream, { kind: "cut", [name]: 0 });
  expect(plan).toEqual({ head: streamHead, headAtMs: 20, frames: [], ending: "cut", endAtMs: 20 });
});

test("an event with several tokens reaches the point when it takes the count past it", () => {
  const plan = { ...stream, frames: [event(50, "{}", { tokens: 3 }), event(60, "{}", { tokens: 3 })] };
  expect(bend(plan, { kind: "cut", afterTokens: 2 }).plan.frames).toEqual(plan.frames.slice(0, 1));
});

test.each(["afterTokens", "afterEvents"])("%s is never reached in a JSON response", (name) => {
  const { plan, fired } = bend(whole("{}"), { kind: "cut", [name]: 0 });
  expect(plan).toEqual(whole("{}"));
  expect(fired).toEqual([]);
});

test("afterMs acts between two pieces, at its own time", () => {
  const { plan } = bend(stream, { kind: "cut", afterMs: 115 });
  expect(plan).toEqual({ ...stream, frames: stream.frames.slice(0, 3), ending: "cut", endAtMs: 115 });
});

test("afterMs comes before what is due at that very time", () => {
  expect(bend(stream, { kind: "cut", afterMs: 110 }).plan.frames).toEqual(stream.frames.slice(0, 2));
});

test("afterMs acts before a head that is still to come", () => {
  const { plan } = bend(stream, { kind: "reset", afterMs: 0 });
  expect(plan).toEqual({ head: undefined, headAtMs: 0, frames: [], ending: "reset", endAtMs: 0 });
});

test("afterMs is not reached by a response that ends earlier", () => {
  const { plan, fired } = bend(stream, { kind: "cut", afterMs: 141 });
  expect(plan).toEqual(stream);
  expect(fired).toEqual([]);
});

test("afterMs acts on a live response at its time although nothing arrives then", () => {
  const silent: Plan = { ...stream, frames: [], endAtMs: 60_000 };
  const { plan, seenAtMs } = live(silent, [{ kind: "cut", afterMs: 700 }]);
  expect(plan.endAtMs).toBe(700);
  expect(seenAtMs).toEqual([20, 700]);
});

test("an alarm that rings late changes nothing, because a later piece tells the time too", () => {
  const { plan } = live(stream, [{ kind: "cut", afterMs: 115 }], () => 8);
  expect(plan).toEqual(bend(stream, { kind: "cut", afterMs: 115 }).plan);
});

test("firstToken lies before the first event that carries a token", () => {
  expect(bend(stream, { kind: "cut", where: "firstToken" }).plan.frames).toEqual(stream.frames.slice(0, 1));
});

test("a stream without tokens has no first one", () => {
  const plan = { ...stream, frames: stream.frames.slice(5) };
  expect(bend(plan, { kind: "cut", where: "firstToken" })).toEqual({ plan, fired: [] });
});

test("a response without a content type is not counted in events", () => {
  const plan = { ...stream, head: { status: 200, headers: [] } };
  expect(bend(plan, { kind: "cut", afterEvents: 1 }).fired).toEqual([]);
});
