import { expect, test } from "vitest";
import { compileMatch, matchSchema } from "../../../../src/core/match.ts";
import { makeCall } from "../../../support/call.ts";

function holds(time: object, at: string): boolean | undefined {
  const [condition] = compileMatch({ time }, "hours", false);
  const state = { attempt: () => 1, known: () => 1, nth: () => 1, wallMs: () => Date.parse(at) };
  return condition?.test(makeCall({ state }), 1);
}

test.each([
  [{ from: "08:00", to: "18:00" }, "2026-11-27T08:00:00Z", true],
  [{ from: "08:00", to: "18:00" }, "2026-11-27T18:00:00Z", false],
  [{ from: "08:00", to: "18:00" }, "2026-11-27T07:59:59Z", false],
  [{ from: "22:00", to: "04:00" }, "2026-11-27T23:00:00Z", true],
  [{ from: "22:00", to: "04:00" }, "2026-11-27T03:59:00Z", true],
  [{ from: "22:00", to: "04:00" }, "2026-11-27T12:00:00Z", false],
  [{ days: ["fri"] }, "2026-11-27T12:00:00Z", true],
  [{ days: ["sat", "sun"] }, "2026-11-27T12:00:00Z", false],
  [{ after: "2026-11-27T12:00:00Z" }, "2026-11-27T12:00:00Z", true],
  [{ before: "2026-11-27T13:00:00+01:00" }, "2026-11-27T12:00:00Z", false],
])("a window %j and a call at %s", (time, at, expected) => {
  expect(holds(time, at)).toBe(expected);
});

test("a call whose time is not known is in no window", () => {
  const [condition] = compileMatch({ time: { from: "00:00" } }, "hours", false);
  expect([condition?.test(makeCall(), 1), condition?.seen(makeCall(), 1)]).toEqual([false, "(unknown)"]);
});

test.each([
  [{ from: "8:00" }, "must be a time of day"],
  [{ after: "2026-11-31T25:00:00Z" }, "must be a time with its zone"],
  [{ after: "tomorrow" }, "must be a time with its zone"],
  [{ after: "2026-11-27T12:00:00Z", before: "2026-11-27T12:00:00Z" }, "after must be earlier than before"],
  [{ days: ["Monday"] }, "Invalid option"],
])("%j is no window", (time, message) => {
  expect(matchSchema.safeParse({ time }).error?.message).toContain(message);
});
