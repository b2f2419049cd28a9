/** Says whether a string matches. */
export type TextTest = (text: string) => boolean;

/** Whether a glob matches every text that another one matches. */
export function globCovers(wide: string, narrow: string): boolean {
  // A star of the narrow one can only fall to a star of the wide one, which takes whatever it stands for.
  return compileGlob(wide)(narrow);
}

/** Whether there is plainly no text that both globs match. */
export function globsExclude(one: string, other: string): boolean {
  if (!one.includes("*")) return !compileGlob(other)(one);
  if (!other.includes("*")) return !compileGlob(one)(other);
  const [a = "", b = ""] = [one.split("*")[0], other.split("*")[0]];
  return !a.startsWith(b) && !b.startsWith(a);
}

/**
 * Compiles a glob to plain code: `*` stands for any characters, everything else for itself.
 *
 * It runs in linear time for any pattern and text, unlike a regular expression.
 */
export function compileGlob(pattern: string): TextTest {
  const parts = pattern.split("*");
  const [first = "", ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return (text) => text === pattern;
  if (rest.length === 0) {
    return (text) => text.length >= first.length + last.length && text.startsWith(first) && text.endsWith(last);
  }
  return (text) => {
    if (!text.startsWith(first) || !text.endsWith(last)) return false;
    let from = first.length;
    for (const part of rest) {
      const found = text.indexOf(part, from);
      if (found === -1) return false;
      from = found + part.length;
    }
    return from + last.length <= text.length;
  };
}
