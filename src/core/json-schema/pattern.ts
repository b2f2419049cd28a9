import { pick } from "../rng.ts";
import type { Rng } from "../rng.ts";

/** Characters from `from` to `to`, both included, as code points. */
type Range = readonly [from: number, to: number];

type Node =
  | { readonly kind: "one-of"; readonly ranges: readonly Range[] }
  | { readonly kind: "sequence"; readonly nodes: readonly Node[] }
  | { readonly kind: "either"; readonly nodes: readonly Node[] }
  | { readonly kind: "repeat"; readonly node: Node; readonly min: number; readonly max: number };

/** Randomness, and how much may yet be made: whatever is asked for, the making ends. */
export type Budget = { readonly rng: Rng; left: number };

/** Pays for characters that were made. */
export function spend(budget: Budget, chars: number): void {
  budget.left -= chars / charsPerSchema;
}

/** A pattern that texts can be made for. */
export type Pattern = {
  readonly root: Node;
  /** It has conditions on what stands around, which are passed over: texts usually meet them. */
  readonly looksAround: boolean;
};

const digits: readonly Range[] = [[48, 57]];
const wordChars: readonly Range[] = [
  [97, 122],
  [65, 90],
  [48, 57],
  [95, 95],
];
const blanks: readonly Range[] = [[32, 32]];
const anyChar: readonly Range[] = [
  [97, 122],
  [48, 57],
];
const printable: Range = [32, 126];
const classes = mapOf<readonly Range[]>({
  d: digits,
  w: wordChars,
  s: blanks,
  D: complement(digits),
  W: complement(wordChars),
  S: complement(blanks),
});
const controls = mapOf({ t: 9, n: 10, v: 11, f: 12, r: 13, "0": 0 });
const properties = mapOf<readonly Range[]>({
  L: [[97, 122]],
  Ll: [[97, 122]],
  Lu: [[65, 90]],
  Letter: [[97, 122]],
  Alphabetic: [[97, 122]],
  N: digits,
  Nd: digits,
});
const nothing: Node = { kind: "sequence", nodes: [] };
const maxDepth = 100;
const maxLength = 10_000;
/** Ends patterns that repeat nothing for ever. */
const maxSteps = 20_000;
/** So many characters, or tries to make one, cost as much as one schema. */
const charsPerSchema = 8;

function mapOf<Value>(entries: Readonly<Record<string, Value>>): ReadonlyMap<string, Value> {
  return new Map(Object.entries(entries));
}

/** Printable ASCII without some ranges. */
function complement(ranges: readonly Range[]): Range[] {
  const left: Range[] = [];
  for (let code = printable[0]; code <= printable[1]; code += 1) {
    if (ranges.some(([from, to]) => code >= from && code <= to)) continue;
    const last = left.at(-1);
    if (last !== undefined && last[1] === code - 1) left[left.length - 1] = [last[0], code];
    else left.push([code, code]);
  }
  return left;
}

/** What makes a pattern one that no texts can be made for here; never leaves this file. */
class Unsupported extends Error {}

/**
 * Reads a regular expression: literals, classes, groups, alternatives and quantifiers.
 *
 * @returns undefined when it has anything else, such as a reference to a group
 * @see ECMA-262, "Pattern"
 */
export function readPattern(source: string): Pattern | undefined {
  const cursor: Cursor = { chars: Array.from(source), at: 0, depth: 0, looksAround: false };
  try {
    return { root: wholePattern(cursor), looksAround: cursor.looksAround };
  } catch (error) {
    if (error instanceof Unsupported) return undefined;
    throw error;
  }
}

/** Where the reading of a pattern stands. */
type Cursor = { readonly chars: readonly string[]; at: number; depth: number; looksAround: boolean };

function wholePattern(cursor: Cursor): Node {
  const root = readEither(cursor);
  if (cursor.at < cursor.chars.length) throw new Unsupported();
  return root;
}

function readEither(cursor: Cursor): Node {
  const first = readSequence(cursor);
  const others: Node[] = [];
  while (takes(cursor, "|")) others.push(readSequence(cursor));
  return others.length === 0 ? first : { kind: "either", nodes: [first, ...others] };
}

function readSequence(cursor: Cursor): Node {
  const nodes: Node[] = [];
  for (let char = cursor.chars[cursor.at]; char !== undefined && char !== "|" && char !== ")";) {
    nodes.push(quantified(cursor, readAtom(cursor)));
    char = cursor.chars[cursor.at];
  }
  return { kind: "sequence", nodes };
}

function readAtom(cursor: Cursor): Node {
  const char = next(cursor);
  if (char === "^" || char === "$") return nothing;
  if (char === ".") return { kind: "one-of", ranges: anyChar };
  if (char === "(") return readGroup(cursor);
  if (char === "[") return readClass(cursor);
  if (char === "\\") {
    if (takes(cursor, "b")) return nothing;
    return { kind: "one-of", ranges: readEscape(cursor) };
  }
  if (char === "*" || char === "+" || char === "?") throw new Unsupported();
  return { kind: "one-of", ranges: only(char) };
}

function readGroup(cursor: Cursor): Node {
  cursor.depth += 1;
  if (cursor.depth > maxDepth) throw new Unsupported();
  const start = cursor.chars.slice(cursor.at, cursor.at + 3).join("");
  const looks = /^\?(?:[=!]|<[=!])/.exec(start);
  if (looks !== null) cursor.at += looks[0].length;
  else if (start.startsWith("?:")) cursor.at += 2;
  else if (start.startsWith("?<")) while (next(cursor) !== ">");
  else if (start.startsWith("?")) throw new Unsupported();
  const inner = readEither(cursor);
  if (!takes(cursor, ")")) throw new Unsupported();
  cursor.depth -= 1;
  if (looks === null) return inner;
  cursor.looksAround = true;
  return nothing;
}

function quantified(cursor: Cursor, node: Node): Node {
  const bounds = readBounds(cursor);
  if (bounds === undefined) return node;
  takes(cursor, "?");
  return { kind: "repeat", node, min: bounds[0], max: bounds[1] };
}

function readBounds(cursor: Cursor): readonly [number, number] | undefined {
  if (takes(cursor, "*")) return [0, Infinity];
  if (takes(cursor, "+")) return [1, Infinity];
  if (takes(cursor, "?")) return [0, 1];
  if (cursor.chars[cursor.at] !== "{") return undefined;
  const end = cursor.chars.indexOf("}", cursor.at);
  const inner = end === -1 ? null : /^(\d+)(,(\d*))?$/.exec(cursor.chars.slice(cursor.at + 1, end).join(""));
  if (inner === null) return undefined;
  cursor.at = end + 1;
  const least = Number(inner[1]);
  if (inner[2] === undefined) return [least, least];
  return [least, inner[3] === "" ? Infinity : Number(inner[3])];
}

function readClass(cursor: Cursor): Node {
  const negated = takes(cursor, "^");
  const ranges: Range[] = [];
  while (!takes(cursor, "]")) {
    const from = readMember(cursor);
    const isRange = cursor.chars[cursor.at] === "-" && cursor.chars[cursor.at + 1] !== "]";
    if (!isRange) {
      ranges.push(...from);
      continue;
    }
    cursor.at += 1;
    const low = from[0]?.[0];
    const high = readMember(cursor)[0]?.[0];
    if (low === undefined || high === undefined || high < low) throw new Unsupported();
    ranges.push([low, high]);
  }
  const given = negated ? complement(ranges) : ranges;
  if (given.length === 0) throw new Unsupported();
  return { kind: "one-of", ranges: given };
}

function readMember(cursor: Cursor): readonly Range[] {
  const char = next(cursor);
  if (char !== "\\") return only(char);
  return takes(cursor, "b") ? only("\b") : readEscape(cursor);
}

function readEscape(cursor: Cursor): readonly Range[] {
  const char = next(cursor);
  const known = classes.get(char);
  if (known !== undefined) return known;
  const control = controls.get(char);
  if (control !== undefined) return [[control, control]];
  if (char === "x") return readCode(cursor, 2);
  if (char === "u")
    return takes(cursor, "{")
      ? readCode(cursor, cursor.chars.indexOf("}", cursor.at) - cursor.at, true)
      : readCode(cursor, 4);
  if (char === "p" && takes(cursor, "{")) {
    const end = cursor.chars.indexOf("}", cursor.at);
    const name = cursor.chars.slice(cursor.at, Math.max(cursor.at, end)).join("");
    const property = properties.get(name);
    if (property === undefined) throw new Unsupported();
    cursor.at = end + 1;
    return property;
  }
  if (/[A-Za-z0-9]/.test(char)) throw new Unsupported();
  return only(char);
}

function readCode(cursor: Cursor, length: number, closed = false): readonly Range[] {
  const hex = cursor.chars.slice(cursor.at, cursor.at + Math.max(0, length)).join("");
  const code = Number.parseInt(hex, 16);
  if (!/^[0-9a-fA-F]+$/.test(hex) || code > 0x10ffff) throw new Unsupported();
  cursor.at += length + (closed ? 1 : 0);
  return [[code, code]];
}

function next(cursor: Cursor): string {
  const char = cursor.chars[cursor.at];
  if (char === undefined) throw new Unsupported();
  cursor.at += 1;
  return char;
}

function takes(cursor: Cursor, char: string): boolean {
  if (cursor.chars[cursor.at] !== char) return false;
  cursor.at += 1;
  return true;
}

function only(char: string): readonly Range[] {
  const code = char.codePointAt(0) ?? 0;
  return [[code, code]];
}

/**
 * A text that a pattern matches as a whole.
 *
 * @param more repetitions beyond the least, ≥ 0, where a pattern leaves it open
 * @returns at most about 10,000 characters, whatever the pattern says; less when the budget ends
 */
export function textMatching(pattern: Pattern, budget: Budget, more: { upTo: number } | { exactly: number }): string {
  const { rng } = budget;
  let text = "";
  let steps = 0;
  const write = (node: Node): void => {
    steps += 1;
    if (text.length >= maxLength || steps > maxSteps || budget.left < 0) return;
    switch (node.kind) {
      case "one-of": {
        const [from, to] = pick(rng, node.ranges);
        text += String.fromCodePoint(from + Math.floor(rng() * (to - from + 1)));
        return;
      }
      case "sequence":
        for (const each of node.nodes) write(each);
        return;
      case "either":
        write(pick(rng, node.nodes));
        return;
      case "repeat": {
        const free = node.max - node.min;
        const drawn = "exactly" in more ? more.exactly : Math.floor(rng() * (Math.min(free, more.upTo) + 1));
        const times = node.min + Math.min(free, drawn);
        for (let time = 0; time < times; time += 1) {
          if (steps > maxSteps) return;
          write(node.node);
        }
        return;
      }
      default:
        node satisfies never;
    }
  };
  write(pattern.root);
  spend(budget, steps);
  return text;
}
