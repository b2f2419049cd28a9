import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { describeWith } from "../../support/programs/missing.ts";

const cache = process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache");
const program = path.join(cache, "stuntdouble-ci-schemas/bin/check-jsonschema");

/** The schema of each system, as the program names those that it comes with. */
const systems = [
  ["GitHub Actions", "vendor.github-workflows", 3],
  ["GitLab CI", "vendor.gitlab-ci", 3],
  ["CircleCI", "vendor.circle-ci", 1],
  ["Azure Pipelines", "vendor.azure-pipelines", 1],
] as const;

const page = readFileSync("docs/recipes/ci.md", "utf8");

/** The blocks of YAML below a line that begins with the name of a system. */
function recipesFor(system: string): string[] {
  const blocks = page.matchAll(/^([A-Z][^\n]*):\n\n```yml\n(.*?)^```$/gms);
  return [...blocks].filter(([, title = ""]) => title.startsWith(system)).map(([, , text = ""]) => text);
}

describeWith(
  "check-jsonschema (.ci/run installs it)",
  existsSync(program) ? program : undefined,
  "recipes",
  (check) => {
    test.each(systems)("for %s are valid by the schema that it publishes", (system, schema, count) => {
      const recipes = recipesFor(system);
      expect(recipes).toHaveLength(count);
      const folder = mkdtempSync(path.join(tmpdir(), "ci-recipes-"));
      try {
        const files = recipes.map((text, at) => {
          const file = path.join(folder, `${at}.yml`);
          writeFileSync(file, text);
          return file;
        });
        const { stdout, stderr, status } = spawnSync(check, ["--builtin-schema", schema, ...files], {
          encoding: "utf8",
        });
        expect([stdout + stderr, status]).toEqual(["ok -- validation done\n", 0]);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  },
);
