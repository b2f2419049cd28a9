import { openai } from "./openai.ts";
import type { Dialect, Operation } from "./types.ts";

/** Every dialect; the first one shapes the answers to requests of none. */
export const dialects: readonly [Dialect, ...Dialect[]] = [openai];

const byRoute = new Map<string, { dialect: Dialect; operation: Operation }[]>();
for (const dialect of dialects) {
  for (const operation of dialect.operations) {
    byRoute.set(operation.route, [...(byRoute.get(operation.route) ?? []), { dialect, operation }]);
  }
}

/** The dialect of that name; undefined when there is none. */
export function findDialect(name: string): Dialect | undefined {
  return dialects.find((dialect) => dialect.name === name);
}

/** The operation that a request asks for; undefined when it cannot be simulated. */
export function findOperation(method: string, route: string): { dialect: Dialect; operation: Operation } | undefined {
  return byRoute.get(route)?.find(({ operation }) => operation.method === method);
}

/** The methods that a route has operations for; empty for an unknown route. */
export function methodsOf(route: string): string[] {
  return (byRoute.get(route) ?? []).map(({ operation }) => operation.method);
}
