import type { HeaderMap } from "../types.ts";
import { anthropic } from "./anthropic/index.ts";
import { azure } from "./azure/index.ts";
import { gemini } from "./gemini/index.ts";
import { ollama } from "./ollama/index.ts";
import { openai } from "./openai/index.ts";
import { openrouter } from "./openrouter/index.ts";
import type { Dialect, Operation } from "./types.ts";
import { vllm } from "./vllm/index.ts";

/** Every dialect; the first one shapes the responses to requests of none, and of several that claim a path the first gets it. */
export const dialects: readonly [Dialect, ...Dialect[]] = [
  openai,
  anthropic,
  gemini,
  // Before Ollama, which claims all of `/api/`.
  openrouter,
  ollama,
  azure,
  vllm,
];

/** The dialect of that name; undefined when there is none. */
export function dialectNamed(name: string): Dialect | undefined {
  return dialects.find((dialect) => dialect.name === name);
}

/** Whose request it is, and what it asks for: undefined when that cannot be simulated. */
export type Found = { readonly dialect: Dialect; readonly operation: Operation | undefined };

const byPath = new Map<string, Found[]>();
for (const dialect of dialects) {
  for (const operation of dialect.operations) {
    const others = byPath.get(operation.route);
    if (others === undefined) byPath.set(operation.route, [{ dialect, operation }]);
    else others.push({ dialect, operation });
  }
}

/**
 * The dialect and the operation of a request.
 *
 * A path that only one dialect knows is its own; for any other the dialect decides that claims the request, else the
 * first one.
 *
 * @param method in capitals
 * @param path without its query
 */
export function findOperation(method: string, path: string, headers: HeaderMap): Found {
  const known = operationsAt(path);
  const [first] = known;
  if (known.length === 1 && first?.operation?.method === method) return first;
  const dialect = claimant(known, path, headers);
  const own = known.find((each) => each.dialect === dialect && each.operation?.method === method);
  return own ?? { dialect, operation: undefined };
}

/** The methods that a path takes of a dialect; empty for an unknown path. */
export function methodsOf(dialect: Dialect, path: string): string[] {
  return operationsAt(path).flatMap((each) =>
    each.dialect === dialect && each.operation !== undefined ? [each.operation.method] : [],
  );
}

function claimant(known: readonly Found[], path: string, headers: HeaderMap): Dialect {
  const candidates = known.length === 0 ? dialects : known.map(({ dialect }) => dialect);
  return candidates.find((dialect) => dialect.claims?.(path, headers)) ?? candidates[0] ?? dialects[0];
}

function operationsAt(path: string): readonly Found[] {
  const known = byPath.get(path);
  if (known !== undefined) return known;
  const found: Found[] = [];
  for (const dialect of dialects) {
    for (const operation of dialect.operationsAt?.(path) ?? []) found.push({ dialect, operation });
  }
  return found;
}
