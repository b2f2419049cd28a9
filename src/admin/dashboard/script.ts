import { hash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { Worker } from "node:worker_threads";

/** What the browser runs: all modules of the dashboard in one, each in a function of its own after those that it imports. */
export type Script = {
  readonly text: string;
  /** Another one for another text. */
  readonly version: string;
};

const source = path.join(import.meta.dirname, "../..");
const entry = "admin/dashboard/browser/main.ts";
const library = "preact";

/** Makes what gives the script. It is put together when it is first asked for, and no module is in it that the entry does not need. */
export function createScript(): () => Promise<Script> {
  let script: Promise<Script> | undefined = undefined;
  return () => (script ??= readScript());
}

async function readScript(): Promise<Script> {
  const texts = new Map<string, string>();
  await follow(entry, texts);
  const plain = await withoutTypes([...texts.values()]);
  const names = [library, ...texts.keys()];
  const modules = plain.map((text, at) => {
    const name = names[at + 1] ?? "";
    const placeOf = (specifier: string): number =>
      names.indexOf(specifier.startsWith(".") ? resolved(name, specifier) : specifier);
    return enclosed(at + 1, linked(text, placeOf));
  });
  const text = [enclosed(0, await libraryText()), ...modules].join("");
  return { text, version: hash("sha256", text).slice(0, 16) };
}

function resolved(name: string, specifier: string): string {
  return path.posix.join(path.posix.dirname(name), specifier);
}

/** A module after all that it imports. None import each other. */
async function follow(name: string, texts: Map<string, string>): Promise<void> {
  if (texts.has(name)) return;
  const text = await readFile(path.join(source, name), "utf8");
  for (const [, specifier = ""] of text.matchAll(/^(?:import|export) (?!type )[^;]*? from "(\.[^"]+)";$/gms))
    await follow(resolved(name, specifier), texts);
  texts.set(name, text);
}

/** In a thread of its own, in which Node does not warn of its own function. */
async function withoutTypes(texts: readonly string[]): Promise<readonly string[]> {
  const worker = new Worker(new URL("strip.worker.ts", import.meta.url), {
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  return await new Promise<readonly string[]>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.postMessage(texts);
  });
}

/** The body of a function that gives back what the module exports. The formatter has each import and export at the start of a line. */
function linked(text: string, placeOf: (specifier: string) => number): string {
  const exported: string[] = [];
  const body = text
    .replaceAll(
      /^import \{([^}]*)\} from "([^"]+)";$/gm,
      (_, names: string, from: string) => `const {${names.replaceAll(" as ", ": ")}} = module${placeOf(from)};`,
    )
    .replaceAll(/^export ((?:async )?function|const|class) (\w+)/gm, (_, kind: string, name: string) => {
      exported.push(name);
      return `${kind} ${name}`;
    });
  return `${body}\nreturn { ${exported.join(", ")} };`;
}

async function libraryText(): Promise<string> {
  const folder = path.dirname(createRequire(import.meta.url).resolve(`${library}/package.json`));
  const text = await readFile(path.join(folder, "dist/preact.mjs"), "utf8");
  return text.replace(/export\{([^}]*)\};?\s*(?:\/\/.*\s*)?$/, (_, names: string) => {
    return `return {${names.replaceAll(/([\w$]+) as (\w+)/g, "$2:$1")}};`;
  });
}

function enclosed(place: number, body: string): string {
  return `const module${place} = (() => {\n${body}\n})();\n`;
}
