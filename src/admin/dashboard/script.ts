import { hash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { Worker } from "node:worker_threads";

/** The modules of the dashboard as a browser loads them, by their paths below `src/`. */
export type Assets = {
  /** @returns JavaScript; undefined where the dashboard has no such module */
  module(name: string): Promise<Asset | undefined>;
};

export type Asset = { readonly text: string; readonly etag: string };

const source = path.join(import.meta.dirname, "../..");
const entry = "admin/dashboard/browser/main.ts";
const library = { name: "preact", path: "lib/preact.js" };

/** Makes what serves them. Each is read once, and those that the entry imports are all that there are. */
export function createAssets(): Assets {
  let all: Promise<ReadonlyMap<string, Asset>> | undefined = undefined;
  return {
    async module(name) {
      all ??= readAll();
      return (await all).get(name);
    },
  };
}

async function readAll(): Promise<ReadonlyMap<string, Asset>> {
  const texts = new Map<string, string>();
  await follow(entry, texts);
  const names = [...texts.keys()];
  const plain = await withoutTypes([...texts.values()]);
  const modules = names.map((name, at) => [name, assetOf(linked(plain[at] ?? ""))] as const);
  const preact = await readFile(
    path.join(path.dirname(createRequire(import.meta.url).resolve("preact/package.json")), "dist/preact.mjs"),
    "utf8",
  );
  return new Map([...modules, [library.path, assetOf(preact.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, ""))]]);
}

/** A module and all that it imports. */
async function follow(name: string, texts: Map<string, string>): Promise<void> {
  if (texts.has(name)) return;
  const text = await readFile(path.join(source, name), "utf8");
  texts.set(name, text);
  for (const [, specifier = ""] of text.matchAll(/^(?:import|export) (?!type )[^;]*? from "(\.[^"]+)";$/gms))
    await follow(path.posix.join(path.posix.dirname(name), specifier), texts);
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

/** With the library under the path where this server has it. */
function linked(text: string): string {
  return text.replaceAll(`from "${library.name}"`, `from "/dashboard/modules/${library.path}"`);
}

function assetOf(text: string): Asset {
  return { text, etag: `"${hash("sha256", text).slice(0, 16)}"` };
}
