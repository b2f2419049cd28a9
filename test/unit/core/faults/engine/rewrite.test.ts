import { expect, test } from "vitest";
import type { Ending, Frame, Head, Plan } from "../../../../../src/core/types.ts";
import { bend, jsonHead, live, stream, streamHead, textOf } from "../support.ts";

const fault = { kind: "content", what: "other-model", name: "m2" };

/** A body that arrives in pieces, as a real one does. */
function body(pieces: readonly (string | Uint8Array)[], head: Head = jsonHead, ending: Ending = "finish"): Plan {
  const frames: Frame[] = pieces.map((piece, index) => ({
    atMs: 20 + index,
    data: Buffer.from(piece),
    tokens: 0,
    final: false,
  }));
  return { head, headAtMs: 10, frames, ending, endAtMs: 90 };
}

test("a JSON response in pieces is changed when it is whole, and keeps its blanks, its order and what is said twice", () => {
  const plan = body([`{ "model" :"m`, `1",\n "a":[1.0, "\\u00e9"], "b":{"model":"m1"} }\n`]);
  const { plan: bent, fired } = live(plan, [fault]);
  expect(textOf(bent)).toBe(`{ "model" :"m2",\n "a":[1.0, "\\u00e9"], "b":{"model":"m1"} }\n`);
  expect(bent.frames.map(({ atMs }) => atMs)).toEqual([90]);
  expect(fired).toEqual(["content"]);
});

test.each<Ending>(["cut", "reset", "stall"])(
  "a JSON response that ends by %s is passed on as far as it came",
  (ending) => {
    const plan = body([`{"model":"m1"`, `,"a":`], jsonHead, ending);
    expect(textOf(bend(plan, fault).plan)).toBe(textOf(plan));
    expect(bend(plan, fault).fired).toEqual([]);
  },
);

test.each([
  ["an error", body([`{"model":"m1"}`], { ...jsonHead, status: 404 })],
  [
    "an encoded body",
    body([`{"model":"m1"}`], { ...jsonHead, headers: [...jsonHead.headers, "content-encoding", "br"] }),
  ],
  ["a body of another type", body([`{"model":"m1"}`], { status: 200, headers: ["content-type", "audio/mpeg"] })],
])("%s is passed on as it comes", (_, plan) => {
  expect(bend(plan, fault)).toEqual({ plan, fired: [] });
});

test.each([
  ["no JSON", `{"model":"m1"`],
  ["an array", `[{"model":"m1"}]`],
  ["no UTF-8", Buffer.from([0x7b, 0xff, 0x7d])],
  ["nested too deep", `{"model":"m1","a":${"[".repeat(600)}${"]".repeat(600)}}`],
])("what is %s is passed on as it is, whole or in an event", (_, text) => {
  const event = Buffer.concat([Buffer.from("data: "), Buffer.from(text), Buffer.from("\n\n")]);
  if (!String(text).startsWith("["))
    expect(bend(body([event], streamHead), fault)).toEqual({ plan: body([event], streamHead), fired: [] });
  const { plan, fired } = bend(body([text]), fault);
  expect([textOf(plan), fired]).toEqual([textOf(body([text])), []]);
});

test("a body of more than 4 MiB is passed on as it is, and held back no longer", () => {
  const half = " ".repeat(3 * 1024 * 1024);
  const plan = body([`{"model":"m1",${half}`, `${half}"a":1`, "}"]);
  const { plan: bent, fired } = bend(plan, fault);
  expect(bent.frames.map(({ atMs }) => atMs)).toEqual([21, 21, 22]);
  expect([textOf(bent) === textOf(plan), fired]).toEqual([true, []]);
});

test("an event of several lines of data is not read", () => {
  const data = `data: {"model":\ndata: "m1"}\n\n`;
  const plan = { ...stream, frames: [{ atMs: 50, data, tokens: 0, final: false }] };
  expect(bend(plan, fault)).toEqual({ plan, fired: [] });
});
