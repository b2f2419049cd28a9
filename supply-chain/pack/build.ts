import { execFileSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { javascriptOf, reachedFrom, withJsNames } from "./javascript.ts";

/**
 * Makes `lib/`, the program as the npm package has it: Node strips no types of files below `node_modules`.
 *
 * `npm pack` runs it. A module keeps its place below the folder, so that what it finds beside or above itself is there.
 */
const root = path.join(import.meta.dirname, "../..");
const source = path.join(root, "src");
const target = path.join(root, "lib");
/** What others import, by `exports` of package.json. */
const entries = ["testing/index.ts", "admin/client/index.ts"];

function build(): void {
  const names = globSync("**/*.ts", { cwd: source }).map((name) => name.replaceAll(path.sep, "/"));
  const modules = new Set(names.filter((name) => !name.endsWith(".d.ts")).sort());
  rmSync(target, { recursive: true, force: true });
  for (const name of modules) {
    const text = readFileSync(path.join(source, name), "utf8");
    write(name.replace(/\.ts$/, ".js"), javascriptOf(text, name, modules));
  }
  for (const name of globSync("**/*.yaml", { cwd: source })) {
    mkdirSync(path.dirname(path.join(target, name)), { recursive: true });
    cpSync(path.join(source, name), path.join(target, name));
  }
  declare(modules);
}

/** Writes the declarations of what others import. */
function declare(modules: ReadonlySet<string>): void {
  const folder = mkdtempSync(path.join(tmpdir(), "stuntdouble-declarations-"));
  const textOf = (name: string): string => readFileSync(path.join(folder, name.replace(/\.ts$/, ".d.ts")), "utf8");
  try {
    const compiler = path.join(root, "node_modules/.bin/tsc");
    const flags = [
      "--noEmit",
      "false",
      "--declaration",
      "--emitDeclarationOnly",
      "--rootDir",
      "src",
      "--outDir",
      folder,
    ];
    execFileSync(compiler, ["-p", path.join(import.meta.dirname, "tsconfig.json"), ...flags], {
      cwd: root,
      stdio: "inherit",
    });
    for (const name of reachedFrom(entries, textOf))
      write(name.replace(/\.ts$/, ".d.ts"), withJsNames(textOf(name), name, modules));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function write(name: string, text: string): void {
  const file = path.join(target, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}

build();
