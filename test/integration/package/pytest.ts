import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";

/** Finds the Python that CI installs pytest for, with the versions that are pinned. */
export function findPytest(): string | undefined {
  const cache = process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache");
  const folder = path.join(cache, "stuntdouble-pytest");
  const kept = path.join(folder, "requirements.txt");
  if (!existsSync(kept)) return undefined;
  const pins = readFileSync("test/suites/requirements/pytest.txt", "utf8");
  return readFileSync(kept, "utf8") === pins ? path.join(folder, "bin/python") : undefined;
}

/** A folder of tests, with the plugin installed in one of its own. */
export type PytestProject = { readonly folder: string; readonly site: string };

/** Installs the plugin from a copy, since its build writes beside its source. @throws what pip says */
export function pytestProject(python: string, files: Readonly<Record<string, string>>): PytestProject {
  const folder = mkdtempSync(path.join(tmpdir(), "stuntdouble-pytest-"));
  const [source, site] = [path.join(folder, "plugin"), path.join(folder, "site")];
  cpSync("plugins/pytest", source, { recursive: true });
  const args = ["-m", "pip", "install", "-q", "--no-build-isolation", "--no-deps", "--target", site, source];
  const { status, stderr } = spawnSync(python, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  const tests = mkdtempSync(path.join(folder, "tests-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(tests, name), text);
  return { folder: tests, site };
}
