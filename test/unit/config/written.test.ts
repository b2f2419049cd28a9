import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { loadText } from "../../../src/config/load.ts";
import { makeFolder } from "../../support/recordings/folder.ts";

async function warningsOf(text: string): Promise<string[]> {
  const { dir } = makeFolder();
  writeFileSync(path.join(dir, "file"), "");
  mkdirSync(path.join(dir, "folder"));
  const upstreams = 'upstreams: { a: { url: "https://a.example.com" } }\n';
  const { warnings } = await loadText(upstreams + text, { env: {}, generation: 1, folder: dir });
  return warnings.map((warning) => `${warning.path}: ${warning.message.replaceAll(dir, "DIR")}`);
}

test.each([
  ["default: { serve: forward, record: { dir: file } }", "default.record.dir: file: is a file, and a folder is needed"],
  [
    "rules: [ { name: a, serve: forward, record: { dir: file/below } } ]",
    "rules[0].record.dir: file/below: DIR/file is a file, and a folder is needed",
  ],
  ["records: { dir: file }", "records.dir: file: is a file, and a folder is needed"],
  ["chaos: { historyFile: folder }", "chaos.historyFile: folder: is a folder, and a file is needed"],
  ["learning: { file: none/learned }", "learning.file: none/learned: there is no folder DIR/none"],
  ["learning: { file: file/learned }", "learning.file: file/learned: DIR/file is a file, and a folder is needed"],
])("%s is a warning", async (text, expected) => {
  expect(await warningsOf(text)).toEqual([expected]);
});

test.skipIf(process.getuid?.() === 0)("so is a folder that may not be written to", async () => {
  const { dir } = makeFolder();
  mkdirSync(path.join(dir, "closed"), { mode: 0o500 });
  const { warnings } = await loadText("records: { dir: closed/below }", { env: {}, generation: 1, folder: dir });
  expect(warnings.map(({ message }) => message)).toEqual([`closed/below: ${dir}/closed cannot be written to (EACCES)`]);
});

test.each([
  "default: { serve: forward, record: { dir: folder } }",
  "records: { dir: none/below }",
  "chaos: { historyFile: runs.ndjson }",
  "learning: { file: folder/learned }",
])("%s is not", async (text) => {
  expect(await warningsOf(text)).toEqual([]);
});
