/** The part of the API that a path belongs to. */
export function tagOf(path: string): string {
  return /^\/admin\/v1\/([a-z]+)/.exec(path)?.[1] ?? (path.startsWith("/metrics") ? "metrics" : "node");
}
