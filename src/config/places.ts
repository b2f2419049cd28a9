import {
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  type Document,
  type LineCounter,
  type Pair,
  type YAMLError,
  type YAMLMap,
} from "yaml";
import type { FindingCode } from "./codes.ts";
import type { Finding, Path } from "./findings.ts";

/** One thing wrong in a configuration file, or hardly meant. Line and column count from 1. */
export type ConfigError = {
  /** Where it stands in another file that the configuration names, such as that of a profile. */
  readonly file?: string;
  readonly line: number;
  readonly column: number;
  /** `rules[0].match.model`; empty for the file as a whole. */
  readonly path: string;
  readonly code: FindingCode;
  readonly message: string;
  readonly allowed?: readonly string[];
  readonly nearest?: string;
};

/** Puts findings where they stand in the file, in the order of the file. */
export function located(findings: readonly Finding[], document: Document, lines: LineCounter): ConfigError[] {
  const errors = findings.map(({ path, at, ...words }) => {
    const offset = offsetOf(document, path, at ?? "key");
    return { ...placeOf(lines, offset), path: pathText(path), ...words };
  });
  return errors.sort((a, b) => a.line - b.line || a.column - b.column);
}

/** What the YAML parser has to say; a key that is given twice is named by its path. */
export function syntaxErrors(document: Document, lines: LineCounter): ConfigError[] {
  return [...document.errors, ...document.warnings].map((error: YAMLError) => {
    const place = placeOf(lines, error.pos[0]);
    if (error.code !== "DUPLICATE_KEY") return { ...place, path: "", code: "syntax", message: error.message };
    return {
      ...place,
      path: pathText(pathAt(document.contents, error.pos[0], []) ?? []),
      code: "duplicate-key",
      message: "duplicate key",
    };
  });
}

function placeOf(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

/** The offset of the deepest part of a path that is in the file: of what is missing, that of the object it is missing from. */
function offsetOf(document: Document, path: Path, at: "key" | "value"): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = memberOf(node, String(step), document);
      if (pair === undefined) return offset;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      const item: unknown = node.items[Number(step)];
      offset = startOf(item) ?? offset;
      node = item;
    } else return offset;
  }
  return at === "value" && isScalar(node) ? (startOf(node) ?? offset) : offset;
}

/** The member of a map by its key; where it has none of its own, that of a map it takes in by `<<`. */
function memberOf(map: YAMLMap, key: string, document: Document): Pair | undefined {
  const own: Pair | undefined = map.items.find((item) => keyOf(item) === key);
  return own ?? firstOf(mergedInto(map, document), (each) => memberOf(each, key, document));
}

function mergedInto(map: YAMLMap, document: Document): YAMLMap[] {
  const merged = map.items.flatMap((item: Pair) => (isMergeKey(item.key) ? [item.value] : []));
  const each = merged.flatMap((value) => (isSeq(value) ? value.items : [value]));
  return each.map((value) => (isAlias(value) ? value.resolve(document) : value)).filter((value) => isMap(value));
}

/** A merge key is read as a symbol, so that it is not one more key of that name. */
function isMergeKey(key: unknown): boolean {
  return isScalar(key) && typeof key.value === "symbol";
}

function pathAt(node: unknown, offset: number, path: Path): Path | undefined {
  if (isSeq(node)) return firstOf(node.items, (item, index) => pathAt(item, offset, [...path, index]));
  if (!isMap(node)) return undefined;
  return firstOf(node.items, (pair) => {
    const here = [...path, keyOf(pair)];
    return startOf(pair.key) === offset ? here : pathAt(pair.value, offset, here);
  });
}

function firstOf<Item, Found>(
  items: readonly Item[],
  of: (item: Item, index: number) => Found | undefined,
): Found | undefined {
  for (const [index, item] of items.entries()) {
    const found = of(item, index);
    if (found !== undefined) return found;
  }
  return undefined;
}

function keyOf(pair: unknown): string {
  return isPair(pair) && isScalar(pair.key) ? String(pair.key.value) : "";
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/** A path as people write it: `rules[0].match.model`. */
export function pathText(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += text === "" ? String(step) : `.${String(step)}`;
  }
  return text;
}

/**
 * Errors as a compiler prints them, one a line, without a line end at the end.
 *
 * @param file name of the configuration
 */
export function formatErrors(file: string, errors: readonly ConfigError[]): string {
  return errors.map((error) => `${placeText(file, error)} ${wordsOf(error)}`).join("\n");
}

function placeText(file: string, { file: other = file, line, column, path, code }: ConfigError): string {
  return code === "unreadable-file" && path === "" ? `${other}:` : `${other}:${line}:${column}`;
}

function wordsOf({ path, message, allowed, nearest }: ConfigError): string {
  const where = path === "" ? "" : `${path}: `;
  const hint = nearest === undefined ? "" : ` Did you mean "${nearest}"?`;
  const choice = allowed === undefined || allowed.length === 0 ? "" : ` Allowed: ${allowed.join(", ")}.`;
  return `${where}${message.replace(/\.$/, "")}.${hint}${choice}`;
}
