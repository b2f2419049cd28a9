import type { Groups, Reply } from "./types.ts";

/** A name in `${…}`; with another `$` in front it is text. */
const place = /\$?\$\{([A-Za-z_]\w*)\}/g;

/** The names that the strings of a value want filled in, without repeats. */
export function placesIn(value: unknown): string[] {
  const names = new Set<string>();
  eachString(value, (text) => {
    for (const [whole, name = ""] of text.matchAll(place)) if (!whole.startsWith("$$")) names.add(name);
    return text;
  });
  return [...names];
}

/** Whether a reply is the same for every call. */
export function isConstant(reply: Reply): boolean {
  return placesIn(reply).length === 0 && fillReply(reply, {}) === reply;
}

/**
 * A reply with `${name}` replaced in all its strings, and `$${name}` by `${name}`; names of members stay as they are.
 *
 * @param groups a name that is none of them stays
 * @returns `reply` itself where there is nothing to replace
 */
export function fillReply(reply: Reply, groups: Groups): Reply {
  return eachString(reply, (text) => filled(text, groups));
}

function filled(text: string, groups: Groups): string {
  if (!text.includes("${")) return text;
  return text.replaceAll(place, (whole: string, name: string) => {
    if (whole.startsWith("$$")) return whole.slice(1);
    return Object.hasOwn(groups, name) ? (groups[name] ?? "") : whole;
  });
}

/** The same value with its strings changed; what does not change is kept. */
function eachString<Value>(value: Value, change: (text: string) => string): Value;
function eachString(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const list: readonly unknown[] = value;
    const changed = list.map((each) => eachString(each, change));
    return changed.some((each, index) => each !== list[index]) ? changed : list;
  }
  const entries = Object.entries(value).map(([name, each]) => [name, eachString(each, change), each] as const);
  if (entries.every(([, changed, each]) => changed === each)) return value;
  return Object.fromEntries(entries.map(([name, changed]) => [name, changed]));
}
