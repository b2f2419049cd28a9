import { expect, test } from "vitest";
import { bend, stream, streamHead, textOf, whole } from "./support.ts";

test("a clean end drops the final events and ends properly at the same time", () => {
  const { plan, fired } = bend(stream, { kind: "clean-end" });
  expect(plan).toEqual({ ...stream, frames: stream.frames.slice(0, 5) });
  expect(fired).toEqual(["clean-end"]);
});

test("a clean end after two tokens ends properly right there", () => {
  const { plan } = bend(stream, { kind: "clean-end", afterTokens: 2 });
  expect(plan).toEqual({ ...stream, frames: stream.frames.slice(0, 3), ending: "finish", endAtMs: 110 });
});

test.each([{ where: "head" }, { afterMs: 5 }])(
  "a clean end before the head sends the head and no body: %j",
  (point) => {
    const { plan, fired } = bend(stream, { kind: "clean-end", ...point });
    expect(plan).toEqual({ head: streamHead, headAtMs: 20, frames: [], ending: "finish", endAtMs: 20 });
    expect(fired).toEqual(["clean-end"]);
  },
);

test("a JSON response has no final marker, so a clean end without a point does not fire", () => {
  const { plan, fired } = bend(whole("{}"), { kind: "clean-end" });
  expect(plan).toEqual(whole("{}"));
  expect(fired).toEqual([]);
});

test("a clean end in a JSON body leaves its first bytes", () => {
  expect(textOf(bend(whole(`{"a":1}`), { kind: "clean-end", afterBytes: 4 }).plan)).toBe(`{"a"`);
});

test("a response that breaks by itself is not ended properly", () => {
  expect(bend({ ...stream, ending: "reset" }, { kind: "clean-end" }).plan.ending).toBe("reset");
});
