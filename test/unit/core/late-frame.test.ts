import { expect, expectTypeOf, test } from "vitest";
import { LateFrame, type LateTexts } from "../../../src/core/late-frame.ts";
import type { Frame, PlannedFrame } from "../../../src/core/types.ts";

/** Texts that count how often one was made. */
function textsOf(large: boolean): LateTexts & { readonly made: () => number } {
  let made = 0;
  return {
    tokens: 1,
    large,
    atMs: (index) => index * 10,
    make(index) {
      made += 1;
      return `text ${index}`;
    },
    made: () => made,
  };
}

test("a late frame says when it is due and what it carries without making its text", () => {
  const texts = textsOf(false);
  const frame = new LateFrame(texts, 3);
  expect([frame.atMs, frame.tokens, frame.final]).toEqual([30, 1, false]);
  expect(texts.made()).toBe(0);
  expect(frame.text()).toBe("text 3");
});

test("neither a late frame nor a spread of it passes for a record", () => {
  const late = new LateFrame(textsOf(false), 0);
  expectTypeOf(late).not.toExtend<Frame>();
  // That a spread is told by its type is what is tested.
  // oxlint-disable-next-line typescript/no-misused-spread
  expectTypeOf({ ...late, tokens: 0 }).not.toExtend<PlannedFrame>();
  expectTypeOf<PlannedFrame>().not.toHaveProperty("data");
});

test.each([true, false])("a copy of its record has all members, where texts are large: %s", (large) => {
  const record = new LateFrame(textsOf(large), 3).record();
  expect({ ...record, tokens: 0 }).toEqual({ atMs: 30, data: "text 3", tokens: 0, final: false });
});

test("a large text is made for its record only when somebody looks", () => {
  const texts = textsOf(true);
  const record = new LateFrame(texts, 3).record();
  expect(texts.made()).toBe(0);
  expect(record.data).toBe("text 3");
});
