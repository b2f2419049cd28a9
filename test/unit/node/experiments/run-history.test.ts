import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createRunHistory } from "../../../../src/node/experiments/run-history.ts";
import { anyRun } from "../../core/experiments/any-run.ts";
import { createReadableLog } from "./runner.ts";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "runs-"));
  file = path.join(folder, "runs.ndjson");
});
afterEach(() => rm(folder, { recursive: true }));

function createHistory(at = file) {
  const { log, lines } = createReadableLog();
  return { history: createRunHistory(at, log), lines };
}

const runs = ["1", "2", "3"].map((id) => anyRun({ id }));

test("what was kept is read by the next node", async () => {
  const { history } = createHistory();
  history.keep(runs);
  await history.written();
  const next = createHistory();
  expect(await next.history.read()).toEqual(runs);
  expect(next.lines).toEqual([]);
});

test("a file that is not there yet holds nothing, and is no line in the log", async () => {
  const { history, lines } = createHistory();
  expect([await history.read(), lines]).toEqual([[], []]);
});

test("only its owner may read the file, whoever could read the one before, and nothing else is left", async () => {
  await writeFile(file, "");
  await chmod(file, 0o644);
  await writeFile(`${file}.tmp`, "of a node that died");
  const { history } = createHistory();
  history.keep(runs);
  await history.written();
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(["runs.ndjson"]);
});

test("the file is replaced and never written to, so that a reader has the whole of the old one or of the new one", async () => {
  const { history } = createHistory();
  history.keep(runs);
  await history.written();
  const before = (await stat(file)).ino;
  history.keep(runs);
  await history.written();
  expect((await stat(file)).ino).not.toBe(before);
});

test("of what is given while the file is written, the last is kept", async () => {
  const { history } = createHistory();
  for (const count of [1, 2, 3, 1]) history.keep(runs.slice(0, count));
  await history.written();
  expect(await createHistory().history.read()).toEqual(runs.slice(0, 1));
});

test("damaged lines are skipped and counted in one line, and the file as it was is copied before it is replaced", async () => {
  const whole = runs.map((run) => JSON.stringify(run));
  const text = [whole[0], "{ no JSON", '{"id":"4"}', whole[1], whole[2]?.slice(0, 50)].join("\n");
  await writeFile(file, text);
  const { history, lines } = createHistory();
  expect(await history.read()).toEqual(runs.slice(0, 2));
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([{ skipped: 3, read: 2 }]);
  history.keep(runs);
  await history.written();
  expect(await readFile(`${file}.damaged`, "utf8")).toBe(text);
  expect(await createHistory().history.read()).toEqual(runs);
});

test("a folder that is missing is one line in the log, and the file is written once it is there", async () => {
  const missing = path.join(folder, "later", "runs.ndjson");
  const { history, lines } = createHistory(missing);
  for (let count = 0; count < 3; count += 1) {
    history.keep(runs);
    await history.written();
  }
  expect(lines).toEqual([expect.stringContaining("could not write chaos.historyFile")]);
  await mkdir(path.dirname(missing));
  history.keep(runs);
  await history.written();
  expect(await createHistory(missing).history.read()).toEqual(runs);
});

test("what cannot be read is one line in the log, and is left alone", async () => {
  await mkdir(file);
  const { history, lines } = createHistory();
  expect(await history.read()).toEqual([]);
  history.keep(runs);
  await history.written();
  expect(lines).toEqual([expect.stringContaining("it is not a regular file")]);
  expect((await stat(file)).isDirectory()).toBe(true);
});
