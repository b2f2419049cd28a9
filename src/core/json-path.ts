/** Steps from a JSON value to one in it: names of members, and indexes, which count from the end when they are negative. */
export type JsonPath = readonly (string | number)[];

const dotted = /^\.([\p{L}_][\p{L}\p{N}_]*)/u;
const index = /^\[(0|-?[1-9]\d{0,8})\]/;
const quoted = /^\[(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\]/;
const problem =
  "must be a path such as $.metadata.user, $['a b'] or $.messages[-1].content: a singular query of JSONPath (RFC 9535)";

/**
 * Reads a singular query of JSONPath, which leads to one value at most.
 *
 * @returns the steps, or what is wrong with the path
 * @see RFC 9535 §2.3.5.1, singular-query
 */
export function parsePath(path: string): JsonPath | string {
  if (!path.startsWith("$")) return problem;
  const steps: (string | number)[] = [];
  let rest = path.slice(1);
  while (rest !== "") {
    const [step, length] = stepOf(rest) ?? [];
    if (step === undefined || length === undefined) return problem;
    steps.push(step);
    rest = rest.slice(length);
  }
  return steps;
}

function stepOf(rest: string): readonly [step: string | number, length: number] | undefined {
  const name = dotted.exec(rest);
  if (name !== null) return [name[1] ?? "", name[0].length];
  const at = index.exec(rest);
  if (at !== null) return [Number(at[1]), at[0].length];
  const text = quoted.exec(rest);
  if (text === null) return undefined;
  const [whole, single, double = ""] = text;
  // In single quotes a double one stands by itself, and a single one is escaped, unlike in JSON.
  const inner = single === undefined ? double : single.replaceAll("\\'", "'").replaceAll(/(?<!\\)"/g, '\\"');
  const unescaped = parsed(`"${inner}"`);
  return unescaped === undefined ? undefined : [unescaped, whole.length];
}

function parsed(text: string): string | undefined {
  try {
    return String(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The value at a path; undefined where there is none. */
export function valueAt(value: unknown, path: JsonPath): unknown {
  let at = value;
  for (const step of path) {
    if (typeof step === "number") at = Array.isArray(at) ? at.at(step) : undefined;
    else at = isObject(at) && Object.hasOwn(at, step) ? at[step] : undefined;
  }
  return at;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
