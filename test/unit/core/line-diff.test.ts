import { expect, test } from "vitest";
import { aroundChanges, lineDiff } from "../../../src/core/line-diff.ts";

/** A comparison as lines, `+` and `-` before what has changed. */
function shown(before: string, after: string): string[] {
  const marks = { same: " ", added: "+", removed: "-", omitted: "…" };
  return lineDiff(before, after).map(({ kind, text, line }) => `${marks[kind]}${line} ${text}`);
}

test("a line that was added, and one that is gone, are told with their numbers", () => {
  expect(shown("a\nb\nc\nd", "a\nc\nx\nd")).toEqual([" 1 a", "-2 b", " 2 c", "+3 x", " 4 d"]);
});

test("a line that was changed is one that is gone and one that was added", () => {
  expect(shown("a\nb\nc", "a\nB\nc")).toEqual([" 1 a", "-2 b", "+2 B", " 3 c"]);
});

test("texts that are the same have no changes", () => {
  expect(lineDiff("a\nb", "a\nb").map(({ kind }) => kind)).toEqual(["same", "same"]);
});

test("of long texts, all between the same beginning and the same end counts as replaced", () => {
  const lines = (from: number) => Array.from({ length: 3000 }, (_, at) => `line ${from + at}`).join("\n");
  const diff = lineDiff(`start\n${lines(0)}\nend`, `start\n${lines(5000)}\nend`);
  expect([diff[0]?.kind, diff[1]?.kind, diff.at(-2)?.kind, diff.at(-1)?.kind]).toEqual([
    "same",
    "removed",
    "added",
    "same",
  ]);
});

test("far from a change lines are left out", () => {
  const text = Array.from({ length: 30 }, (_, at) => `line ${at}`);
  const changed = text.with(10, "other").with(25, "else");
  const diff = aroundChanges(lineDiff(text.join("\n"), changed.join("\n")), 1);
  const told = diff.map(({ kind, text, line }) => (kind === "omitted" ? `from ${line} on` : text));
  expect(told).toEqual([
    "line 9",
    "line 10",
    "other",
    "line 11",
    "from 13 on",
    "line 24",
    "line 25",
    "else",
    "line 26",
    "from 28 on",
  ]);
});
