import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { pythonOf, pythonVersions } from "./python-environment.ts";
import type { Suite } from "./suites.ts";

/** One check of a program, as its line of JSON says it. */
export type Check = { readonly check: string; readonly ok: boolean; readonly detail: string };

/** What came of a suite. `failure` says why the program ended before its time, or did not begin. */
export type Result = {
  readonly suite: Suite;
  readonly versions: readonly string[];
  readonly checks: readonly Check[];
  readonly failure?: string;
};

/** Runs the program of a suite and reads its checks; never throws. */
export async function runSuite(suite: Suite, env: Readonly<Record<string, string>>): Promise<Result> {
  try {
    const command = suite.environment === undefined ? process.execPath : await pythonOf(suite.environment);
    const versions =
      suite.environment === undefined
        ? await Promise.all(suite.packages.map(npmVersion))
        : await pythonVersions(command, suite.packages);
    return { suite, versions, ...(await checksOf(suite, command, env)) };
  } catch (error) {
    return { suite, versions: suite.packages.map(() => "?"), checks: [], failure: String(error).slice(0, 2000) };
  }
}

async function npmVersion(name: string): Promise<string> {
  const file = path.join(import.meta.dirname, "../../node_modules", name, "package.json");
  return (JSON.parse(await readFile(file, "utf8")) as { version: string }).version;
}

function checksOf(
  { program, timeoutSeconds }: Suite,
  command: string,
  env: Readonly<Record<string, string>>,
): Promise<Pick<Result, "checks" | "failure">> {
  const child = spawn(command, [program], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: timeoutSeconds * 1000,
    killSignal: "SIGKILL",
  });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => void (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (err += text));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      const checks = out.split("\n").flatMap(checkIn);
      const why = signal === null ? `exit code ${code}` : `ended after ${timeoutSeconds} s`;
      resolve({ checks, ...(code !== 0 && { failure: `${why}: ${err.trim().slice(-1500)}` }) });
    });
  });
}

/** A tool may print lines of its own among those of the checks. */
function checkIn(line: string): Check[] {
  return line.startsWith('{"check":') ? [JSON.parse(line) as Check] : [];
}
