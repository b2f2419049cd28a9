/**
 * The value of the first query parameter of a name.
 *
 * @param target path with query
 * @returns decoded; as it stands where it is not correctly encoded; undefined when there is none
 */
export function queryValue(target: string, name: string): string | undefined {
  const from = target.indexOf("?");
  if (from === -1) return undefined;
  for (const pair of target.slice(from + 1).split("&")) {
    const equals = pair.indexOf("=");
    if (decodedQuery(equals === -1 ? pair : pair.slice(0, equals)) === name) {
      return equals === -1 ? "" : decodedQuery(pair.slice(equals + 1));
    }
  }
  return undefined;
}

/**
 * A target without the query parameters of a name; all others stay byte for byte.
 *
 * @param target path with query
 * @returns the target itself when it has none of them
 */
export function withoutQuery(target: string, name: string): string {
  const from = target.indexOf("?");
  if (from === -1) return target;
  const pairs = target.slice(from + 1).split("&");
  const kept = pairs.filter((pair) => decodedQuery(pair.split("=", 1)[0]!) !== name);
  if (kept.length === pairs.length) return target;
  return kept.length === 0 ? target.slice(0, from) : `${target.slice(0, from)}?${kept.join("&")}`;
}

/** A piece of a query, decoded; as it stands where it is not correctly encoded. */
export function decodedQuery(text: string): string {
  if (!text.includes("%") && !text.includes("+")) return text;
  const spaced = text.replaceAll("+", " ");
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}
