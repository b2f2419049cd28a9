import { expect, test } from "vitest";
import { blocksOf, patched } from "../../support/guide.ts";

test("a block belongs to the file that the paragraph before it names last", () => {
  const page = [
    "Beside `src/a/first.ts`, write `src/a/second.ts`; `sink` is a word and `third.ts` has no folder:",
    "",
    "```ts",
    "one();",
    "```",
    "",
    "Another paragraph follows.",
    "",
    "```sh",
    "npm test",
    "```",
    "",
  ].join("\n");
  expect(blocksOf(page)).toEqual([
    { language: "ts", file: "src/a/second.ts", code: "one();\n" },
    { language: "sh", file: undefined, code: "npm test\n" },
  ]);
});

test("a block with more backticks may hold blocks", () => {
  const page = "Add to `docs/x.md`:\n\n````md\n```yaml\na: 1\n```\n````\n";
  expect(blocksOf(page)).toEqual([{ language: "md", file: "docs/x.md", code: "```yaml\na: 1\n```\n" }]);
});

test("a diff changes its lines, in several places", () => {
  const text = "import a\nimport c\n\nlist(a, c)\n";
  const diff = " import a\n+import b\n import c\n@@\n-list(a, c)\n+list(a, b, c)\n";
  expect(patched(text, diff, "not once")).toBe("import a\nimport b\nimport c\n\nlist(a, b, c)\n");
});

test.each([
  ["are not there", "b\n"],
  ["are there twice", "a\na\n"],
  ["are only the beginning of a line", "ab\n"],
])("a diff is refused whose lines %s", (_, text) => {
  expect(() => patched(text, " a\n+b\n", "x.ts does not have once")).toThrow("x.ts does not have once:\na");
});
