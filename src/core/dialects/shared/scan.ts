import { StuntdoubleError } from "../../errors.ts";

/** Deeper JSON is refused, before any parser sees it. The outermost object is level 1. */
export const maxDepth = 512;

/** Where a value stands: `from` its first byte, `to` just after its last. */
export type Span = { readonly from: number; readonly to: number };

const decoder = new TextDecoder();
const quote = 34;
const comma = 44;
const colon = 58;
const openBracket = 91;
const backslash = 92;
const closeBracket = 93;
const openBrace = 123;
const closeBrace = 125;
/** Within so many bytes a loop finds the next quote sooner than `indexOf` does. */
const shortSearch = 64;

/**
 * Finds top-level members of a JSON object without building any value; members of nested objects are never taken for them.
 *
 * Brackets, strings and separators of the top level are checked; below it only brackets and strings are.
 *
 * @param bytes UTF-8
 * @param wanted names; of a name that stands twice the last one counts, as in `JSON.parse`
 * @returns spans into `bytes`, by name
 * @throws BODY_INVALID when the text is no object, is broken, or nests deeper than `maxDepth`
 */
export function findMembers(bytes: Uint8Array, wanted: readonly string[]): Map<string, Span> {
  const found = new Map<string, Span>();
  let at = skipBlanks(bytes, 0);
  if (bytes[at] !== openBrace) throw broken("an object was expected");
  at = skipBlanks(bytes, at + 1);
  if (bytes[at] === closeBrace) return finished(bytes, at + 1, found);
  for (;;) {
    if (bytes[at] !== quote) throw broken(`a member name was expected at byte ${at}`);
    const nameEnd = skipString(bytes, at);
    const name = nameIn(bytes, { from: at, to: nameEnd }, wanted);
    at = skipBlanks(bytes, nameEnd);
    if (bytes[at] !== colon) throw broken(`":" was expected at byte ${at}`);
    const from = skipBlanks(bytes, at + 1);
    const to = skipValue(bytes, from);
    if (name !== undefined) found.set(name, { from, to });
    at = skipBlanks(bytes, to);
    if (bytes[at] === closeBrace) return finished(bytes, at + 1, found);
    if (bytes[at] !== comma) throw broken(`"," or "}" was expected at byte ${at}`);
    at = skipBlanks(bytes, at + 1);
  }
}

function broken(reason: string): StuntdoubleError {
  return new StuntdoubleError("BODY_INVALID", `The JSON body of your request could not be read: ${reason}.`);
}

/** What JSON that nests too deep is refused with. */
export function tooDeep(): StuntdoubleError {
  return broken(`it nests deeper than ${maxDepth} levels`);
}

function finished(bytes: Uint8Array, from: number, found: Map<string, Span>): Map<string, Span> {
  const at = skipBlanks(bytes, from);
  if (at < bytes.length) throw broken(`something follows the object at byte ${at}`);
  return found;
}

function skipBlanks(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    const byte = bytes[at];
    if (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9) return at;
    at += 1;
  }
}

/** From an opening quote to just after the closing one. */
function skipString(bytes: Uint8Array, from: number): number {
  let at = from + 1;
  for (;;) {
    const near = Math.min(bytes.length, at + shortSearch);
    while (at < near) {
      const byte = bytes[at];
      if (byte === quote) return at + 1;
      at += byte === backslash ? 2 : 1;
    }
    const end = bytes.indexOf(quote, at);
    if (end === -1) throw broken("a string has no end");
    let escapes = 0;
    while (end - escapes > at && bytes[end - escapes - 1] === backslash) escapes += 1;
    at = end + 1;
    if (escapes % 2 === 0) return at;
  }
}

/** The wanted name that stands between two quotes, if it is one. */
function nameIn(bytes: Uint8Array, { from, to }: Span, wanted: readonly string[]): string | undefined {
  let escaped = false;
  for (let at = from + 1; at < to - 1 && !escaped; at += 1) escaped = bytes[at] === backslash;
  if (escaped) {
    const name = parseName(bytes.subarray(from, to));
    return wanted.find((each) => each === name);
  }
  return wanted.find((each) => each.length === to - from - 2 && spells(bytes, from + 1, each));
}

/** A name with escapes: `"mod\u0065l"` is `model`. */
function parseName(quoted: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(quoted));
  } catch {
    throw broken("a member name has an escape that JSON does not know");
  }
}

function spells(bytes: Uint8Array, from: number, name: string): boolean {
  for (let index = 0; index < name.length; index += 1) {
    if (bytes[from + index] !== name.charCodeAt(index)) return false;
  }
  return true;
}

function skipValue(bytes: Uint8Array, from: number): number {
  const first = bytes[from];
  if (first === quote) return skipString(bytes, from);
  if (first === openBrace || first === openBracket) return skipNested(bytes, from);
  let at = from;
  while (isOfWordOrNumber(bytes[at])) at += 1;
  if (at === from) throw broken(`a value was expected at byte ${at}`);
  return at;
}

/** Letters, digits and `+`, `-`, `.`: whatever `true`, `null` and `-1.5e+3` are made of. */
function isOfWordOrNumber(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  if (byte >= 97 && byte <= 122) return true;
  return (byte >= 48 && byte <= 57) || byte === 45 || byte === 46 || byte === 43 || byte === 69;
}

/** The brackets open at present; used by one call at a time, so there need be only one. */
const opened = new Uint8Array(maxDepth);

function skipNested(bytes: Uint8Array, from: number): number {
  let depth = 0;
  for (let at = from; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === quote) at = skipString(bytes, at) - 1;
    else if (byte === openBrace || byte === openBracket) {
      // The object around it is a level as well.
      if (depth + 1 === maxDepth) throw tooDeep();
      opened[depth] = byte;
      depth += 1;
    } else if (byte === closeBrace || byte === closeBracket) {
      depth -= 1;
      // In ASCII each closing bracket stands two after its opening one.
      if (opened[depth] !== byte - 2) throw broken(`brackets do not match at byte ${at}`);
      if (depth === 0) return at + 1;
    }
  }
  throw broken("a bracket is not closed");
}
