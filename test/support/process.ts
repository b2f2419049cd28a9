import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { until } from "./node.ts";

const main = path.join(import.meta.dirname, "../../src/main.ts");

/** The program as a process of its own. */
export type Run = {
  readonly child: ChildProcess;
  out(): string;
  err(): string;
  /** Resolves to the exit code, or the signal that ended it. */
  readonly exited: Promise<number | string | null>;
};

const children = new Set<ChildProcess>();

/** Kills every process that `run` started. */
export function killRuns(): void {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
}

/**
 * Starts the program in a folder of its own that holds these files.
 *
 * @param command what stands before the program, by default only Node
 */
export async function run(
  args: readonly string[],
  files: Readonly<Record<string, string>> = {},
  command: readonly [string, ...string[]] = [process.execPath],
): Promise<Run> {
  const folder = await mkdtemp(path.join(tmpdir(), "stuntdouble-"));
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  const child = spawn(command[0], [...command.slice(1), main, ...args], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.add(child);
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => void (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (err += text));
  const exited = new Promise<number | string | null>(
    (resolve) => void child.on("close", (code, signal) => resolve(code ?? signal)),
  );
  return { child, out: () => out, err: () => err, exited };
}

/** Waits until the program serves, and gives the port of its admin API. */
export async function administered({ err }: Run, withinMs?: number): Promise<number> {
  const found = () => /\(admin http:\/\/[^:]+:(\d+)\)/.exec(err()) ?? undefined;
  const [, port] = await until("the banner", found, withinMs);
  return Number(port);
}

/** Waits until the program serves, and gives its traffic port. */
export async function serving({ err }: Run, withinMs?: number): Promise<number> {
  const found = () => /serves https?:\/\/[^:]+:(\d+)/.exec(err()) ?? undefined;
  const [, port] = await until("the banner", found, withinMs);
  return Number(port);
}
