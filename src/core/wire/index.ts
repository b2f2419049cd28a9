import { openai } from "./openai.ts";
import type { Dialect, Operation } from "./types.ts";

/** Every dialect; the first one shapes the answers to requests of none. */
export const dialects: readonly [Dialect, ...Dialect[]] = [openai];

/** An operation that can be simulated, and whose it is. */
export type Found = { readonly dialect: Dialect; readonly operation: Operation };

/** A path that is known, but not for this method. */
export type WrongMethod = { readonly dialect: Dialect; readonly operation?: undefined; readonly wrongMethod: true };

const byPath = new Map<string, [Found, ...Found[]]>();
for (const dialect of dialects) {
  for (const operation of dialect.operations) {
    const others = byPath.get(operation.route);
    if (others === undefined) byPath.set(operation.route, [{ dialect, operation }]);
    else others.push({ dialect, operation });
  }
}

/**
 * The operation that a request asks for.
 *
 * @param method in capitals
 * @param path without its query
 * @returns undefined for a path that no dialect knows
 */
export function findOperation(method: string, path: string): Found | WrongMethod | undefined {
  const known = at(path);
  if (known === undefined) return undefined;
  for (const found of known) if (found.operation.method === method) return found;
  return { dialect: known[0].dialect, wrongMethod: true };
}

/** The methods that a path takes; empty for an unknown path. */
export function methodsOf(path: string): string[] {
  return (at(path) ?? []).map(({ operation }) => operation.method);
}

function at(path: string): readonly [Found, ...Found[]] | undefined {
  const known = byPath.get(path);
  if (known !== undefined) return known;
  for (const dialect of dialects) {
    const operation = dialect.operationFor?.(path);
    if (operation !== undefined) return [{ dialect, operation }];
  }
  return undefined;
}
