import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { findProgram } from "../programs/index.ts";

/** Finds Helm: by `STUNTDOUBLE_HELM`, else in PATH, else what CI installs from a package of npm. */
export function findHelm(): string | undefined {
  const found = findProgram("helm", "STUNTDOUBLE_HELM");
  if (found !== undefined) return found;
  const cache = process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache");
  const installed = path.join(cache, "stuntdouble-helm/helm");
  return existsSync(installed) ? installed : undefined;
}

/** Values of a chart. */
export type Values = Readonly<Record<string, unknown>>;

/** What Helm said, and whether it was content. */
export type HelmResult = { readonly ok: boolean; readonly out: string; readonly err: string };

/** Runs Helm. @param values are given as a file on its standard input */
export function runHelm(helm: string, args: readonly string[], values: Values = {}): HelmResult {
  const { status, stdout, stderr, error } = spawnSync(helm, [...args, "-f", "-"], {
    encoding: "utf8",
    input: JSON.stringify(values),
  });
  if (error !== undefined) throw error;
  return { ok: status === 0, out: stdout, err: stderr };
}

/** Renders the chart as the release `llm` in the namespace `models`. */
export function renderChart(helm: string, values: Values = {}): HelmResult {
  return runHelm(helm, ["template", "llm", "charts/stuntdouble", "--namespace", "models"], values);
}
