import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import type { Budget } from "../../../lint/budget.ts";
import { problemsOf } from "../../../lint/house.ts";

const budget: Budget = {
  filesInFolder: 3,
  looseFiles: ["main.ts"],
  findings: {
    "no-non-null-assertion": 1,
    "consistent-type-assertions": 0,
    "max-lines-per-function": 0,
    "max-params": 0,
  },
};

/** What is wrong with a folder that has these files. */
async function problemsWith(files: Readonly<Record<string, string>>): Promise<string[]> {
  const root = await mkdtemp(path.join(tmpdir(), "stuntdouble-"));
  for (const [name, text] of Object.entries({ "src/main.ts": "", ...files })) {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true });
    await writeFile(path.join(root, name), text);
  }
  return problemsOf(root, budget);
}

function filesOf(folder: string, count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`${folder}/${index}.ts`, ""]));
}

test("what is at its budget is no problem", async () => {
  expect(await problemsWith({ ...filesOf("src/core", 3), "src/act/a.ts": "export const a = [1][0]!;\n" })).toEqual([]);
});

test.each(["src/core", "src/core/faults", "test/unit"])("a folder %s with too many files is named", async (folder) => {
  expect(await problemsWith(filesOf(folder, 4))).toEqual([`${folder} has 4 files; a folder has max 3`]);
});

test("only main.ts may lie in src itself", async () => {
  expect(await problemsWith({ "src/util.ts": "" })).toEqual([
    "src/util.ts belongs into a folder; only main.ts stands in src itself",
  ]);
});

const longFunction = `export function long() {\n${"  long();\n".repeat(40)}}\n`;

test.each([
  { what: "non-null assertions", code: "export const a = [1][0]! + [2][0]!;", rule: "no-non-null-assertion", count: 2 },
  { what: "type assertions", code: "export const a = 1 as unknown;", rule: "consistent-type-assertions", count: 1 },
  { what: "long functions", code: longFunction, rule: "max-lines-per-function", count: 1 },
  { what: "parameters", code: "export const a = (b: 1, c: 1, d: 1, e: 1) => b;", rule: "max-params", count: 1 },
])("more $what than the budget are counted", async ({ code, rule, count }) => {
  expect(await problemsWith({ "src/core/a.ts": `${code}\n` })).toEqual([
    `src has ${count} findings of ${rule}; the budget is ${count - 1}`,
  ]);
});
