import { expect, test } from "vitest";
import { createProgress } from "../../../src/cli/terminal/progress.ts";

/** Progress of a task of 100, on a clock that a test moves. */
function progressOn(hasErrorTerminal: boolean) {
  let [told, nowMs] = ["", 0];
  const io = { err: (text: string) => void (told += text), hasErrorTerminal };
  const progress = createProgress(io, { doing: "reading", total: 100, now: () => nowMs });
  const at = (ms: number, done: number): string => {
    [told, nowMs] = ["", ms];
    progress.reached(done);
    return told;
  };
  return { at, end: () => ((told = ""), progress.end(), told) };
}

test("progress is told with the time that is left, but not in the first two seconds, nor too often", () => {
  const { at, end } = progressOn(true);
  expect(at(1999, 20)).toBe("");
  expect(at(2000, 25)).toBe("\rreading: 25 %, 6 s left\u001B[K");
  expect(at(2100, 30)).toBe("");
  expect(at(4000, 80)).toBe("\rreading: 80 %, 1 s left\u001B[K");
  expect(end()).toBe("\r\u001B[K");
});

test("nothing is told where standard error is no terminal, or where it was quick", () => {
  const { at, end } = progressOn(false);
  expect([at(5000, 50), end()]).toEqual(["", ""]);
  const quick = progressOn(true);
  expect([quick.at(1000, 100), quick.end()]).toEqual(["", ""]);
});
