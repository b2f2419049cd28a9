import { maxDepth } from "../../dialects/shared/scan.ts";

/** A value in a text of JSON: where it stands, `to` just after its last character, and what it holds. */
export type JsonNode = {
  readonly from: number;
  readonly to: number;
  readonly kind: "object" | "array" | "string" | "number" | "word";
  /** Of an object, in order; empty for all else. */
  readonly members: readonly JsonMember[];
  /** Of an array, in order; empty for all else. */
  readonly items: readonly JsonNode[];
};

export type JsonMember = { readonly name: string; readonly from: number; readonly value: JsonNode };

/** All that may stand between values, and nothing else outside of strings, comes up to it. */
const blank = 32;
const quote = 34;
const backslash = 92;
const none: readonly never[] = [];

/** Where every value of a text stands. @returns undefined when it is no JSON object, or nests deeper than is read */
export function nodesOf(text: string): JsonNode | undefined {
  try {
    JSON.parse(text);
    const node = new Scan(text).value(1);
    return node?.kind === "object" ? node : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Walks through JSON that is known to be valid. */
class Scan {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** @returns undefined where it nests too deep */
  value(level: number): JsonNode | undefined {
    if (level > maxDepth) return undefined;
    this.#skipBlanks();
    const from = this.#at;
    const first = this.#text[from];
    if (first === "{") return this.#object(from, level);
    if (first === "[") return this.#array(from, level);
    if (first === '"') this.#skipString();
    else this.#at = endOf(this.#text, from);
    const kind = first === '"' ? "string" : /[-\d]/.test(first ?? "") ? "number" : "word";
    return { from, to: this.#at, kind, members: none, items: none };
  }

  #object(from: number, level: number): JsonNode | undefined {
    const members: JsonMember[] = [];
    while (this.#hasNext("}")) {
      const start = this.#at;
      this.#skipString();
      const name = String(JSON.parse(this.#text.slice(start, this.#at)));
      this.#skipBlanks();
      // The colon.
      this.#at += 1;
      const value = this.value(level + 1);
      if (value === undefined) return undefined;
      members.push({ name, from: start, value });
    }
    return { from, to: this.#at, kind: "object", members, items: none };
  }

  #array(from: number, level: number): JsonNode | undefined {
    const items: JsonNode[] = [];
    while (this.#hasNext("]")) {
      const item = this.value(level + 1);
      if (item === undefined) return undefined;
      items.push(item);
    }
    return { from, to: this.#at, kind: "array", members: none, items };
  }

  /** Steps over the bracket or the comma before what comes next, or over the bracket that ends it all. */
  #hasNext(end: string): boolean {
    this.#skipBlanks();
    if (this.#text[this.#at] !== end) this.#at += 1;
    this.#skipBlanks();
    if (this.#text[this.#at] !== end) return true;
    this.#at += 1;
    return false;
  }

  #skipBlanks(): void {
    while (this.#text.charCodeAt(this.#at) <= blank) this.#at += 1;
  }

  #skipString(): void {
    let at = this.#at + 1;
    for (let code = this.#text.charCodeAt(at); code !== quote; code = this.#text.charCodeAt(at))
      at += code === backslash ? 2 : 1;
    this.#at = at + 1;
  }
}

/** Where a number or a word ends. */
function endOf(text: string, from: number): number {
  wordOrNumber.lastIndex = from;
  return wordOrNumber.test(text) ? wordOrNumber.lastIndex : text.length;
}

const wordOrNumber = /[-+.\w]+/y;
