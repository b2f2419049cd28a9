import leven from "leven";
import type { z } from "zod";

/** What was checked: the names there are, and how a name is written where the values come from. */
type Checked = { readonly allowed: readonly string[]; spell?(name: string): string };

/**
 * What is wrong with a record of options, in words: one sentence without a full stop for each error.
 *
 * @param error from a parse with `reportInput`
 */
export function issueTexts({ issues }: z.ZodError, { allowed, spell = String }: Checked): string[] {
  return issues.flatMap(withinUnion).flatMap((issue) => {
    if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownName(key, allowed.map(spell)));
    const path = issue.path.map((step) => spell(String(step))).join(".");
    return [`${path}${path === "" ? "" : ": "}${wordsOf(issue)}`];
  });
}

/** What is wrong inside a value that has the type of one of its forms; else that it fits none. */
export function withinUnion(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== "invalid_union" || !("errors" in issue)) return [issue];
  const form = issue.errors.find((issues) =>
    issues.every(({ code, path }) => path.length > 0 || code === "unrecognized_keys"),
  );
  return form?.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })).flatMap(withinUnion) ?? [issue];
}

/** The word among several that differs least from another, if it differs little enough to be meant. */
export function nearestOf(word: string, words: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let best = Math.min(word.length, Math.max(2, Math.ceil(word.length / 3)) + 1);
  for (const candidate of words) {
    const distance = leven(word.toLowerCase(), candidate.toLowerCase());
    if (distance >= best) continue;
    best = distance;
    nearest = candidate;
  }
  return nearest;
}

/** The question to put behind a word that is not among those allowed, with a blank before it; empty where none is near. */
export function didYouMean(word: string, allowed: readonly string[]): string {
  const nearest = nearestOf(word, allowed);
  return nearest === undefined ? "" : ` Did you mean "${nearest}"?`;
}

function unknownName(name: string, allowed: readonly string[]): string {
  const nearest = nearestOf(name, allowed);
  return `unknown key "${name}"${nearest === undefined ? "" : ` (did you mean "${nearest}"?)`}`;
}

function wordsOf(issue: Exclude<z.core.$ZodIssue, { code: "unrecognized_keys" }>): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined
        ? `is required and must be ${kindOf(issue.expected)}`
        : `must be ${kindOf(issue.expected)}, not ${shown(issue.input)}`;
    case "invalid_value":
      return `must be ${issue.values.map(String).join(" or ")}, not ${shown(issue.input)}`;
    case "too_small":
      return `must be at least ${issue.minimum}`;
    case "too_big":
      return `must be at most ${issue.maximum}`;
    case "invalid_format":
    case "invalid_key":
    case "invalid_union":
    case "invalid_element":
    case "not_multiple_of":
    case "custom":
      break;
  }
  return issue.message;
}

const shownChars = 60;

/** What was given instead, as far as it says what it is: a value can be a whole file, and hold what nobody else may read. */
function shown(input: unknown): string {
  if (Array.isArray(input)) return "an array";
  if (typeof input === "object" && input !== null) return "an object";
  const text = JSON.stringify(input) ?? "undefined";
  return text.length > shownChars ? `${text.slice(0, shownChars - 2)}…"` : text;
}

function kindOf(expected: string): string {
  if (expected === "int") return "an integer";
  if (expected === "boolean") return "true or false";
  return /^[aeio]/.test(expected) ? `an ${expected}` : `a ${expected}`;
}
