import type { HeaderMap } from "../types.ts";
import { isPreflight } from "../cors.ts";
import { anthropic } from "./anthropic/index.ts";
import { azure } from "./azure/index.ts";
import { bedrock } from "./bedrock/index.ts";
import { cohere } from "./cohere/index.ts";
import { deepseek } from "./deepseek/index.ts";
import { gemini } from "./gemini/index.ts";
import { groq } from "./groq/index.ts";
import { lmstudio } from "./lmstudio/index.ts";
import { mistral } from "./mistral/index.ts";
import { ollama } from "./ollama/index.ts";
import { openai } from "./openai/index.ts";
import { openrouter } from "./openrouter/index.ts";
import { preflight } from "./shared/preflight.ts";
import { together } from "./together/index.ts";
import type { Dialect, Operation } from "./types.ts";
import { vllm } from "./vllm/index.ts";
import { xai } from "./xai/index.ts";

/** Every dialect; the first one shapes the responses to requests of none, and of several that claim a path the first gets it. */
export const dialects: readonly [Dialect, ...Dialect[]] = [
  openai,
  anthropic,
  gemini,
  // Before Ollama, which claims all of `/api/`.
  openrouter,
  ollama,
  azure,
  bedrock,
  cohere,
  groq,
  mistral,
  deepseek,
  xai,
  together,
  lmstudio,
  vllm,
];

/** The dialect of that name; undefined when there is none. */
export function dialectNamed(name: string): Dialect | undefined {
  return dialects.find((dialect) => dialect.name === name);
}

/** Whose request it is, and what it asks for: undefined when that cannot be simulated. */
export type Found = { readonly dialect: Dialect; readonly operation: Operation | undefined };

/**
 * Finds the dialect and the operation of a request.
 *
 * @param method in capitals; `HEAD` is what `GET` is, where there is nothing of its own
 * @param path without its query
 */
export type FindOperation = (method: string, path: string, headers: HeaderMap) => Found;

const byPath = new Map<string, Found[]>();
for (const dialect of dialects) {
  for (const operation of dialect.operations) {
    const others = byPath.get(operation.route);
    if (others === undefined) byPath.set(operation.route, [{ dialect, operation }]);
    else others.push({ dialect, operation });
  }
}

/**
 * The dialect and the operation of a request, by its path alone.
 *
 * A path that only one dialect knows is its own; for any other the dialect decides that claims the request, else the
 * first one.
 */
export const findOperation: FindOperation = (method, path, headers) => {
  const known = operationsAt(path);
  const dialect = claimant(known, path, headers);
  const asked = method === "HEAD" ? "GET" : method;
  for (const each of known) if (each.dialect === dialect && each.operation?.method === asked) return each;
  return { dialect, operation: isPreflight(method, headers) ? preflight : undefined };
};

type Upstreams = ReadonlyMap<string, { readonly dialect: string }>;
const finders = new WeakMap<Upstreams, FindOperation>();

/**
 * The same where the dialects of the upstreams tell APIs apart that have the same paths: a path that another API has
 * too belongs to the first upstream whose API has it.
 */
export function operationFinder(upstreams: Upstreams): FindOperation {
  const known = finders.get(upstreams);
  if (known !== undefined) return known;
  const made = finderFor([...upstreams.values()].flatMap(({ dialect }) => dialectNamed(dialect) ?? []));
  finders.set(upstreams, made);
  return made;
}

function finderFor(preferred: readonly Dialect[]): FindOperation {
  const sharing = preferred.filter(({ shared }) => shared !== undefined);
  if (sharing.length === 0) return findOperation;
  const owners = new Map<string, Found[]>();
  for (const dialect of preferred) {
    for (const operation of dialect.shared?.operations ?? dialect.operations) {
      const others = owners.get(operation.route);
      if (others === undefined) owners.set(operation.route, [{ dialect, operation }]);
      else others.push({ dialect, operation });
    }
  }
  return (method, path, headers) => {
    const owned = owners.get(path);
    const [first] = owned ?? [];
    if (owned === undefined || first === undefined) return unowned(findOperation(method, path, headers), path, sharing);
    // What the API itself has at its own paths is told by more than the path.
    if (first.dialect.shared === undefined) return findOperation(method, path, headers);
    const asked = method === "HEAD" ? "GET" : method;
    for (const each of owned) if (each.dialect === first.dialect && each.operation?.method === asked) return each;
    return { dialect: first.dialect, operation: isPreflight(method, headers) ? preflight : undefined };
  };
}

/** A path that no dialect can simulate may still be one of an API that shares its paths. */
function unowned(found: Found, path: string, sharing: readonly Dialect[]): Found {
  if (found.operation !== undefined && found.operation !== preflight) return found;
  const dialect = sharing.find(({ shared }) => shared?.claims(path) === true);
  return dialect === undefined ? found : { ...found, dialect };
}

/** The methods that a path takes of a dialect; empty for an unknown path. */
export function methodsOf(dialect: Dialect, path: string): string[] {
  const methods = new Set<string>();
  for (const each of operationsAt(path)) {
    if (each.dialect === dialect && each.operation !== undefined) methods.add(each.operation.method);
  }
  for (const { route, method } of dialect.shared?.operations ?? []) if (route === path) methods.add(method);
  return [...methods];
}

function claimant(known: readonly Found[], path: string, headers: HeaderMap): Dialect {
  const [first] = known;
  if (first === undefined) return dialects.find((dialect) => dialect.claims?.(path, headers)) ?? dialects[0];
  if (known.length === 1) return first.dialect;
  for (const { dialect } of known) if (dialect.claims?.(path, headers) === true) return dialect;
  return first.dialect;
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
