/**
 * Which of several media types a request likes best, by its Accept header.
 *
 * @param accept undefined takes any
 * @param types in the order in which they are preferred where the request does not mind
 * @returns undefined where it takes none of them
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-accept
 */
export function preferredType(accept: string | undefined, types: readonly string[]): string | undefined {
  const ranges = (accept ?? "*/*").split(",").map(readRange);
  const rated = types.map((type) => ({ type, weight: weightOf(type, ranges) })).filter(({ weight }) => weight > 0);
  return rated.sort((one, other) => other.weight - one.weight)[0]?.type;
}

/** Whether a request comes from a browser that wants a page: who takes anything gets JSON. */
export function prefersPage(accept: string | undefined): boolean {
  return preferredType(accept, ["application/json", "text/html"]) === "text/html";
}

type Range = { readonly range: string; readonly weight: number };

function readRange(text: string): Range {
  const [range = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
  return { range, weight: weight === undefined ? 1 : Number(weight) || 0 };
}

/** The most exact range that a type is in decides. */
function weightOf(type: string, ranges: readonly Range[]): number {
  const [kind = ""] = type.split("/");
  for (const wanted of [type, `${kind}/*`, "*/*"]) {
    const found = ranges.find(({ range }) => range === wanted);
    if (found !== undefined) return found.weight;
  }
  return 0;
}
