import { isScalar, LineCounter, parseDocument, type Document } from "yaml";
import { located, syntaxErrors, type ConfigError } from "./places.ts";
import type { Finding } from "./findings.ts";

/** A text in YAML or JSON, with the place of each of its values. */
export type YamlText = {
  /** Undefined where the text cannot be read, or holds nothing. */
  readonly raw: unknown;
  /** What the parser has to say. */
  readonly errors: readonly ConfigError[];
  /** Whether nothing stands in it but comments. */
  readonly isEmpty: boolean;
  /** Puts findings where they stand, in the order of the text. */
  located(findings: readonly Finding[]): ConfigError[];
};

/** Reads a text in YAML or JSON; keys may be merged with `<<`. Never throws. */
export function readYaml(text: string): YamlText {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
  const syntax = syntaxErrors(document, lines);
  const read = { located: (findings: readonly Finding[]) => located(findings, document, lines) };
  if (document.errors.some((error) => error.code !== "DUPLICATE_KEY"))
    return { ...read, raw: undefined, errors: syntax, isEmpty: false };
  try {
    return { ...read, raw: document.toJS() as unknown, errors: syntax, isEmpty: isEmpty(document) };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const error: ConfigError = { line: 1, column: 1, path: "", code: "syntax", message };
    return { ...read, raw: undefined, errors: [...syntax, error], isEmpty: false };
  }
}

function isEmpty({ contents }: Document): boolean {
  return contents === null || (isScalar(contents) && contents.value === null);
}
