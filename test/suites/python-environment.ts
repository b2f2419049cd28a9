import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/**
 * The Python of a virtual environment with the packages of `requirements/NAME.txt`.
 *
 * It lies in the user's cache and is made anew when the file has changed.
 *
 * @throws what pip says when it cannot install them
 */
export async function pythonOf(name: string): Promise<string> {
  const requirements = path.join(import.meta.dirname, "requirements", `${name}.txt`);
  const cache = process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache");
  const folder = path.join(cache, `stuntdouble-${name}`);
  const installed = path.join(folder, "requirements.txt");
  const python = path.join(folder, "bin", "python");
  const wanted = await readFile(requirements, "utf8");
  if ((await readFile(installed, "utf8").catch(() => "")) === wanted) return python;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await execute("python3", ["-m", "venv", folder]);
  await execute(python, ["-m", "pip", "install", "--quiet", "--requirement", requirements]);
  await writeFile(installed, wanted);
  return python;
}

/** The version of each package of a Python, in the order asked for. */
export async function pythonVersions(python: string, packages: readonly string[]): Promise<string[]> {
  const program = "import sys, importlib.metadata as m\nfor name in sys.argv[1:]: print(m.version(name))";
  const { stdout } = await execute(python, ["-c", program, ...packages]);
  return stdout.trim().split("\n");
}
