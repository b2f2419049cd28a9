import leven from "leven";
import { LineCounter, type Document, isMap, isNode, isPair, isScalar } from "yaml";
import { z } from "zod";
import { configSchema } from "./schema.ts";

type Path = readonly PropertyKey[];

/** One thing wrong in a configuration file. Line and column count from 1. */
export type Mistake = {
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly message: string;
  readonly allowed?: readonly string[];
  readonly nearest?: string;
};

/** A mistake before its place in the file is known. */
export type Finding = {
  readonly path: Path;
  readonly message: string;
  readonly allowed?: readonly string[];
  readonly nearest?: string;
};

/** What the schema has to say about a value, in words, with the nearest known key or value. */
export function schemaFindings(error: z.ZodError): Finding[] {
  return error.issues.flatMap((issue): Finding[] => {
    if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey([...issue.path, key]));
    if (issue.code === "invalid_value") {
      const allowed = issue.values.map(String);
      return [{ path: issue.path, message: "not one of the allowed values", allowed, ...nearestTo(String(issue.input ?? ""), allowed) }];
    }
    if (issue.code === "invalid_union" && "options" in issue && Array.isArray(issue.options)) {
      const allowed = issue.options.map(String);
      return [{ path: issue.path, message: "not one of the allowed values", allowed, ...nearestTo(String(issue.input ?? ""), allowed) }];
    }
    if (issue.code === "invalid_union") {
      return [{ path: issue.path, message: `none of the allowed forms: ${issue.errors.map((each) => each[0]?.message ?? "").join("; or ")}` }];
    }
    return [{ path: issue.path, message: issue.message.replace(/^Invalid input: /, "") }];
  });
}

function unknownKey(path: Path): Finding {
  const allowed = knownKeys(path.slice(0, -1));
  return { path, message: "unknown key", allowed, ...nearestTo(String(path.at(-1)), allowed) };
}

/** The candidate that differs least from a word, if it differs little enough to be meant. */
export function nearestTo(word: string, candidates: readonly string[]): { nearest?: string } {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.ceil(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = leven(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best === undefined ? {} : { nearest: best };
}

type JsonSchema = {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
};

let cachedSchema: JsonSchema | undefined;

/** The keys that an object at a path may have, found in the published schema. */
function knownKeys(path: Path): string[] {
  cachedSchema ??= z.toJSONSchema(configSchema, { io: "input" }) as JsonSchema;
  let places: JsonSchema[] = [cachedSchema];
  for (const step of path) places = places.flatMap(alternatives).flatMap((place) => below(place, step));
  return [...new Set(places.flatMap(alternatives).flatMap((place) => Object.keys(place.properties ?? {})))];
}

function alternatives(place: JsonSchema): JsonSchema[] {
  return [place, ...(place.anyOf ?? []), ...(place.oneOf ?? [])];
}

function below(place: JsonSchema, step: PropertyKey): JsonSchema[] {
  if (typeof step === "number") return place.items === undefined ? [] : [place.items];
  const named = place.properties?.[String(step)];
  if (named !== undefined) return [named];
  return typeof place.additionalProperties === "object" ? [place.additionalProperties] : [];
}

/** Puts findings where they stand in the file, in file order. */
export function located(findings: readonly Finding[], document: Document, lines: LineCounter): Mistake[] {
  const mistakes = findings.map(({ path, ...rest }): Mistake => {
    const { line, col } = lines.linePos(offsetOf(document, path));
    return { line: Math.max(1, line), column: Math.max(1, col), path: pathText(path), ...rest };
  });
  return mistakes.sort((a, b) => a.line - b.line || a.column - b.column);
}

/** Where the key (or list item) of a path begins; of what is missing, where its parent begins. */
function offsetOf(document: Document, path: Path): number {
  for (let length = path.length; length > 0; length -= 1) {
    const parent: unknown = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const step = path[length - 1]!;
    if (isMap(parent)) {
      const pair = parent.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step));
      if (pair !== undefined && isNode(pair.key) && pair.key.range) return pair.key.range[0];
      continue;
    }
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

/** `rules[0].match.model` */
export function pathText(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += text === "" ? String(step) : `.${String(step)}`;
  }
  return text;
}

/** Mistakes as a compiler prints them, one a line. */
export function formatMistakes(file: string, mistakes: readonly Mistake[]): string {
  return mistakes
    .map(({ line, column, path, message, allowed, nearest }) => {
      const hint = nearest === undefined ? "" : ` Did you mean "${nearest}"?`;
      const choice = allowed === undefined || allowed.length === 0 ? "" : ` Allowed: ${allowed.join(", ")}.`;
      const where = path === "" ? "" : `${path}: `;
      return `${file}:${line}:${column} ${where}${message.replace(/\.$/, "")}.${hint}${choice}`;
    })
    .join("\n");
}
