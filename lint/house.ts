import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import type { Budget } from "./budget.ts";

/** Findings of `oxlint -f json`, as far as they are counted; `code` is such as `eslint(max-params)`. */
type Report = { readonly diagnostics: readonly { readonly code: string }[] };

const counted = path.join(import.meta.dirname, "counted.json");
const oxlint = path.join(import.meta.dirname, "../node_modules/.bin/oxlint");

/**
 * What is above the budget, one sentence each: folders with too many files, loose files, and findings of the linter.
 *
 * @param root the folder that has `src` and `test`
 */
export function problemsOf(root: string, budget: Budget): string[] {
  return [...crowdedFolders(root, budget), ...looseFiles(root, budget), ...overdrawn(root, budget)];
}

function crowdedFolders(root: string, { filesInFolder }: Budget): string[] {
  const files = ["src", "test"]
    .filter((top) => existsSync(path.join(root, top)))
    .flatMap((top) => filesBelow(root, top));
  const perFolder = Map.groupBy(files, (file) => path.dirname(file));
  return [...perFolder].flatMap(([folder, { length }]) =>
    length > filesInFolder ? [`${folder} has ${length} files; a folder has max ${filesInFolder}`] : [],
  );
}

function filesBelow(root: string, top: string): string[] {
  return readdirSync(path.join(root, top), { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [path.relative(root, path.join(entry.parentPath, entry.name))] : [],
  );
}

function looseFiles(root: string, budget: Budget): string[] {
  return readdirSync(path.join(root, "src"), { withFileTypes: true }).flatMap((entry) =>
    entry.isFile() && !budget.looseFiles.includes(entry.name)
      ? [`src/${entry.name} belongs into a folder; only ${budget.looseFiles.join(", ")} stands in src itself`]
      : [],
  );
}

function overdrawn(root: string, budget: Budget): string[] {
  const found = findingsOf(root);
  return Object.entries(budget.findings).flatMap(([rule, max]) => {
    const count = found.get(rule) ?? 0;
    return count > max ? [`src has ${count} findings of ${rule}; the budget is ${max}`] : [];
  });
}

/** How often each rule was found in `src`. */
function findingsOf(root: string): Map<string, number> {
  const { stdout, stderr, error } = spawnSync(oxlint, ["-c", counted, "-f", "json", "src"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error !== undefined) throw error;
  if (!stdout.startsWith("{")) throw new Error(`oxlint gave no report: ${stdout}${stderr}`);
  const { diagnostics }: Report = JSON.parse(stdout);
  const perRule = Map.groupBy(diagnostics, ({ code }) => code.replace(/^.*\((.*)\)$/, "$1"));
  return new Map([...perRule].map(([rule, { length }]) => [rule, length]));
}
