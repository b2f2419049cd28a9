/** Paths that a base URL may end in although the paths of the API begin with them; the longest first. */
const shared: readonly string[] = ["/openai/v1", "/api/v1", "/openai", "/v1beta", "/api", "/v1"];

/**
 * What a base path ends in that the paths of an API begin with, such as `/v1`.
 *
 * @param base a path without a slash at its end
 */
export function sharedWithApi(base: string): readonly string[] {
  return shared.filter((path) => base.endsWith(path));
}

/**
 * Puts a base path before a target, and what both have in common only once: `/v1` and `/v1/models` are `/v1/models`.
 *
 * @param overlaps `sharedWithApi` of the base
 * @param target path with query
 */
export function joinPath(base: string, overlaps: readonly string[], target: string): string {
  for (const path of overlaps) {
    const after = target.charAt(path.length);
    if (target.startsWith(path) && (after === "/" || after === "" || after === "?"))
      return base + target.slice(path.length);
  }
  return base + target;
}
