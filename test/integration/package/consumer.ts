import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";

const root = path.join(import.meta.dirname, "../../..");
const node = path.dirname(process.execPath);

/** The environment of somebody who has Node 24 and npm. */
export const env = { ...process.env, PATH: `${node}${path.delimiter}${process.env["PATH"] ?? ""}` };

/** Packs what is in the working tree. @returns the tarball */
export function pack(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "stuntdouble-tarball-"));
  const args = ["pack", "--silent", "--pack-destination", folder];
  const name = execFileSync("npm", args, { cwd: root, env, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  return path.join(folder, name.trim().split("\n").at(-1) ?? "");
}

/** Installs a tarball where there is nothing else. @returns the folder; undefined where its dependencies cannot be had */
export function install(tarball: string): string | undefined {
  const folder = mkdtempSync(path.join(tmpdir(), "stuntdouble-clean-"));
  writeFileSync(path.join(folder, "package.json"), '{ "name": "clean", "private": true, "type": "module" }');
  try {
    const args = ["install", "--prefer-offline", "--no-audit", "--no-fund", "--silent", tarball];
    execFileSync("npm", args, { cwd: folder, env, timeout: 240_000, stdio: "pipe" });
    return folder;
  } catch (error) {
    if (/ENOTCACHED|ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN/.test(String((error as { stderr?: Buffer }).stderr)))
      return undefined;
    throw error;
  }
}

/** Finds the test frameworks that CI installs for packages; undefined where they are not those that are pinned. */
export function findFrameworks(): string | undefined {
  const cache = process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache");
  const folder = path.join(cache, "stuntdouble-consumer");
  const installed = path.join(folder, "node_modules/.package-lock.json");
  if (!existsSync(installed)) return undefined;
  const text = (file: string): string => readFileSync(path.join(file, "package-lock.json"), "utf8");
  return text(folder) === text(path.join(import.meta.dirname, "consumer")) ? folder : undefined;
}

/** A project in which the package is installed beside the frameworks, with these files. */
export function project(clean: string, frameworks: string, files: Readonly<Record<string, string>>): string {
  for (const name of ["openai", "vitest", "jest", "@jest", "typescript", "@types"]) {
    const place = path.join(clean, "node_modules", name);
    if (!existsSync(place)) symlinkSync(path.join(frameworks, "node_modules", name), place);
  }
  const folder = mkdtempSync(path.join(clean, "project-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  return folder;
}

/** What a program said, and its exit code. */
export type Said = { readonly code: number | string | null; readonly text: string };

/** Runs a program to its end. */
export function say(
  program: string,
  args: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<Said> {
  return new Promise((resolve) => {
    const more = { env, ...options, timeout: 120_000, maxBuffer: 1 << 24 };
    execFile(program, [...args], more, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? error.signal ?? null), text: stdout + stderr });
    });
  });
}
