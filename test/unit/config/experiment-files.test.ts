import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { loadConfig, type Loaded } from "../../../src/config/load.ts";

const outage = "name: outage\ndurationMs: 60000\npercentage: 100\nmatch: {}\nfaults: [{ kind: status, status: 503 }]\n";

/** Loads a configuration with such files in its folder of experiments. */
async function load(files: Readonly<Record<string, string>>, config = "chaos: { dir: lab }\n"): Promise<Loaded> {
  const folder = await mkdtemp(path.join(tmpdir(), "experiments-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(path.join(folder, "lab"));
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, "lab", name), text);
  await writeFile(path.join(folder, "stuntdouble.yaml"), config);
  return await loadConfig(path.join(folder, "stuntdouble.yaml"), { env: {}, generation: 1 });
}

const errorsOf = (loaded: Loaded): string[] =>
  loaded.ok
    ? []
    : loaded.errors.map(({ file = "", line, path: at, message }) => `${path.basename(file)}:${line} ${at} ${message}`);

test("each file of the folder is an experiment, beside those of the configuration", async () => {
  const inline =
    "experiments: [{ name: first, durationMs: 1000, percentage: 5, match: {}, faults: [{ kind: cut, afterTokens: 3 }] }]\n";
  const files = { "outage.yaml": outage, "b.yml": outage.replace("outage", "other"), "notes.md": "no experiment" };
  const loaded = await load(files, `chaos: { dir: lab }\n${inline}`);
  expect(loaded.ok && loaded.settings.config.experiments.map(({ name }) => name)).toEqual(["first", "other", "outage"]);
});

test("the folder and its files are watched", async () => {
  const { files } = await load({ "outage.yaml": outage });
  expect(files.map((file) => path.basename(file.path))).toEqual(["stuntdouble.yaml", "lab", "outage.yaml"]);
});

test("errors are told with the file and the line that they stand in", async () => {
  const wrong = outage.replace("status: 503", "status: 99");
  expect(errorsOf(await load({ "outage.yaml": wrong, "none.yaml": "" }))).toEqual([
    "none.yaml:1  the file is empty; an experiment needs a name",
    expect.stringMatching(/^outage\.yaml:5 faults\[0\]\.status must be /),
  ]);
});

test("a name that is taken is an error of the second file", async () => {
  expect(errorsOf(await load({ "a.yaml": outage, "b.yaml": outage }))).toEqual([
    'b.yaml:1 name duplicate name: another experiment is also named "outage"',
  ]);
});

test("a folder that is not there is an error of the configuration", async () => {
  expect(errorsOf(await load({}, "chaos: { dir: missing }\n"))).toEqual([":1 chaos.dir missing: no such folder"]);
});

test("autostart has an effect where there is a folder", async () => {
  const loaded = await load({ "outage.yaml": outage }, "chaos: { dir: lab, autostart: true }\n");
  expect(loaded.warnings).toEqual([]);
});
