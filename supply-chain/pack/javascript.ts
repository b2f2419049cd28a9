import { stripTypeScriptTypes } from "node:module";
import path from "node:path";

const named = /(?<=["'`])[\w./-]+\.ts(?=["'`])/g;

/**
 * What a module is in the package: without its types, each token at its line and column, with names of other modules in `.js`.
 *
 * @param name of the module, a path below the source folder such as `node/channel.ts`
 * @param modules all names of that kind
 * @throws where a name in quotes ends in `.ts` and is no module
 */
export function javascriptOf(text: string, name: string, modules: ReadonlySet<string>): string {
  return stripTypeScriptTypes(withJsNames(text, name, modules));
}

/** The same for declarations, which have types only. */
export function withJsNames(text: string, name: string, modules: ReadonlySet<string>): string {
  return text.replaceAll(named, (found) => {
    const beside = path.posix.join(path.posix.dirname(name), found);
    if (!modules.has(beside) && !modules.has(found)) throw new Error(`${name} names ${found}, which is no module.`);
    return found.replace(/\.ts$/, ".js");
  });
}

/** The modules that declarations import, with those that they import in turn, each a path below the source folder. */
export function reachedFrom(entries: readonly string[], textOf: (name: string) => string): ReadonlySet<string> {
  const reached = new Set<string>();
  const follow = (name: string): void => {
    if (reached.has(name)) return;
    reached.add(name);
    for (const [found] of textOf(name).matchAll(named)) follow(path.posix.join(path.posix.dirname(name), found));
  };
  for (const entry of entries) follow(entry);
  return reached;
}
