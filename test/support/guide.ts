import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const root = path.join(import.meta.dirname, "../..");
const notCopied = new Set([".git", "node_modules"].map((name) => path.join(root, name)));

/** One block of code in a guide. */
export type Block = {
  readonly language: string;
  /** The path that the paragraph before the block names last, as `src/core/x.ts`; undefined when it names none. */
  readonly file: string | undefined;
  readonly code: string;
};

/** The blocks of code of a page in Markdown, in order. */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let proseFrom = 0;
  for (const match of markdown.matchAll(/^(`{3,})(\w*)\n(.*?)^\1\n/gms)) {
    const [whole, , language = "", code = ""] = match;
    const paragraph = markdown.slice(proseFrom, match.index).trim().split("\n\n").at(-1) ?? "";
    const file = [...paragraph.matchAll(/`([\w.-]+\/[\w./-]+\.\w+)`/g)].at(-1)?.[1];
    blocks.push({ language, file, code });
    proseFrom = match.index + whole.length;
  }
  return blocks;
}

/** A copy of the repository in which a guide was followed. */
export type Followed = {
  readonly folder: string;
  /** What the guide asks to run: the lines of its `sh` blocks. */
  readonly commands: readonly string[];
  /** Runs a shell command in the copy; gives its output, and rejects with it when the command fails. */
  run(command: string): Promise<string>;
  remove(): Promise<void>;
};

/**
 * Does in a copy of the repository what a guide says, word for word.
 *
 * A block whose paragraph names a file is that file, or goes to its end where the file is there already. A `diff` block
 * changes the file: its lines with a blank or a minus must be there once. All other blocks are only shown.
 *
 * @param page its path from the root of the repository
 * @throws Error when a diff does not fit its file
 */
export async function followGuide(page: string): Promise<Followed> {
  const blocks = blocksOf(await readFile(path.join(root, page), "utf8"));
  const folder = await mkdtemp(path.join(tmpdir(), "stuntdouble-guide-"));
  await cp(root, folder, { recursive: true, filter: (source) => !notCopied.has(source) });
  await symlink(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  for (const block of blocks) if (block.file !== undefined) await layOut(block, path.join(folder, block.file));
  return {
    folder,
    commands: blocks.filter(({ language }) => language === "sh").flatMap(({ code }) => code.trim().split("\n")),
    run: (command) => run(command, folder),
    remove: () => rm(folder, { recursive: true }),
  };
}

async function layOut({ language, code, file }: Block, target: string): Promise<void> {
  await mkdir(path.dirname(target), { recursive: true });
  if (language !== "diff") return writeFile(target, code, { flag: "a" });
  const before = await readFile(target, "utf8");
  await writeFile(target, patched(before, code, `${file} does not have once`));
}

/**
 * A text with the lines of a diff changed; `@@` separates changes in several places.
 *
 * @param problem begins the message when the lines are not there once
 */
export function patched(text: string, diff: string, problem: string): string {
  let result = `\n${text}`;
  for (const change of diff.split(/^@@.*\n/m).filter((lines) => lines !== "")) {
    const lines = change.trimEnd().split("\n");
    const side = (without: string): string =>
      lines.flatMap((line) => (line.startsWith(without) ? [] : [`\n${line.slice(1)}`])).join("");
    const before = `${side("+")}\n`;
    const at = result.indexOf(before);
    if (at === -1 || result.includes(before, at + 1)) throw new Error(`${problem}:${before}`);
    result = `${result.slice(0, at)}${side("-")}\n${result.slice(at + before.length)}`;
  }
  return result.slice(1);
}

/** The marks by which a test run would take a run inside it for its own. */
const marks = /^VITEST|^NODE_ENV$|^TEST$/;

async function run(command: string, folder: string): Promise<string> {
  const bin = path.join(root, "node_modules/.bin");
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !marks.test(name)));
  const env = { ...own, NO_COLOR: "1", PATH: `${bin}${path.delimiter}${process.env["PATH"] ?? ""}` };
  try {
    const { stdout } = await promisify(execFile)("/bin/sh", ["-c", command], { cwd: folder, env });
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${command} failed:\n${stdout}${stderr}`, { cause: error });
  }
}
