import { RE2JS } from "re2js";
import { compileGlob, type Matcher } from "./glob.ts";
import { draw } from "./rng.ts";
import type { Call } from "./types.ts";

/** What a rule asks of a call; every member that is given must hold. */
export type Match = {
  readonly route?: string | undefined;
  readonly method?: string | undefined;
  readonly model?: string | readonly string[] | undefined;
  /** Globs by header name. */
  readonly header?: Readonly<Record<string, string>> | undefined;
  readonly key?: string | undefined;
  readonly stream?: boolean | undefined;
  readonly promptTokens?: { readonly min?: number | undefined; readonly max?: number | undefined } | undefined;
  readonly lastUserMessage?: string | undefined;
  /** 0 … 100. */
  readonly percentage?: number | undefined;
  /** `requestId`, `key` or `header:NAME`. */
  readonly percentageBy?: string | undefined;
};

/** One question a rule asks of a call. `test` decides; `seen` tells a person what the call had. */
export type Condition = {
  readonly name: string;
  readonly expected: string;
  test(call: Call, seed: number): boolean;
  seen(call: Call, seed: number): string;
  /** The number that is compared with the percentage, 0 ≤ x < 1; only a percentage has one. */
  readonly draw?: (call: Call, seed: number) => number;
};

/** Only so much of the last user message is searched: 64 Ki characters. */
export const searchedChars = 64 * 1024;

/** Counts the attempts of the official client libraries, from 0. @see https://github.com/openai/openai-node */
const attemptHeader = "x-stainless-retry-count";

const absent = "(none)";

/**
 * Compiles what a rule asks to a list of conditions, the cheapest first: the body is read and the expression is run
 * only for calls that pass everything else.
 *
 * @param rule its name, a part of the draw, so that two rules with the same percentage take different calls
 * @param perAttempt each retry of a call gets a draw of its own
 * @throws RE2JSSyntaxException for an expression that RE2 does not know
 */
export function compileMatch(match: Match, rule: string, perAttempt: boolean): Condition[] {
  const conditions: Condition[] = [];
  if (match.method !== undefined) conditions.push(equals("method", match.method, (call) => call.method));
  if (match.stream !== undefined) conditions.push(equals("stream", match.stream, (call) => call.facts.stream));
  if (match.route !== undefined) conditions.push(globs("route", [match.route], (call) => call.route));
  if (match.key !== undefined) conditions.push(globs("key", [match.key], (call) => call.keyName));
  if (match.model !== undefined) conditions.push(globs("model", listOf(match.model), (call) => call.facts.model));
  for (const [header, glob] of Object.entries(match.header ?? {})) conditions.push(headerCondition(header, glob));
  if (match.promptTokens !== undefined) conditions.push(promptTokens(match.promptTokens));
  if (match.lastUserMessage !== undefined) conditions.push(lastUserMessage(match.lastUserMessage));
  if (match.percentage !== undefined) {
    conditions.push(percentage(match.percentage, match.percentageBy ?? "requestId", { rule, perAttempt }));
  }
  return conditions;
}

function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === "string" ? [value] : value;
}

function shown(value: string | boolean | undefined): string {
  return value === undefined ? absent : JSON.stringify(value);
}

function equals<Value extends string | boolean>(name: string, wanted: Value, of: (call: Call) => Value): Condition {
  return {
    name,
    expected: shown(wanted),
    test: (call) => of(call) === wanted,
    seen: (call) => shown(of(call)),
  };
}

function globs(name: string, patterns: readonly string[], of: (call: Call) => string | undefined): Condition {
  const matches = anyOf(patterns);
  return {
    name,
    expected: patterns.map(shown).join(" or "),
    test(call) {
      const value = of(call);
      return value !== undefined && matches(value);
    },
    seen: (call) => shown(of(call)),
  };
}

function anyOf(patterns: readonly string[]): Matcher {
  const exact = new Set(patterns.filter((pattern) => !pattern.includes("*")));
  const open = patterns.filter((pattern) => pattern.includes("*")).map(compileGlob);
  const [only] = open;
  if (patterns.length === 1 && only !== undefined) return only;
  const [literal] = patterns;
  if (patterns.length === 1) return (text) => text === literal;
  return (text) => exact.has(text) || open.some((matches) => matches(text));
}

function headerCondition(header: string, glob: string): Condition {
  const name = header.toLowerCase();
  return globs(`header ${name}`, [glob], (call) => headerOf(call, name));
}

/** Only what the caller sent: `constructor` is a valid header name, and a member of every object. */
function headerOf(call: Call, name: string): string | undefined {
  const value: unknown = call.headers[name];
  return typeof value === "string" ? value : undefined;
}

function promptTokens({ min = 0, max = Infinity }: NonNullable<Match["promptTokens"]>): Condition {
  return {
    name: "promptTokens",
    expected: max === Infinity ? `at least ${min}` : `${min} to ${max}`,
    test(call) {
      const tokens = call.facts.promptTokens();
      return tokens >= min && tokens <= max;
    },
    seen: (call) => String(call.facts.promptTokens()),
  };
}

function lastUserMessage(pattern: string): Condition {
  const expression = RE2JS.compile(pattern);
  return {
    name: "lastUserMessage",
    expected: `/${pattern}/`,
    test(call) {
      const text = call.facts.lastUserMessage();
      return text !== undefined && expression.test(text.length > searchedChars ? text.slice(0, searchedChars) : text);
    },
    seen(call) {
      const text = call.facts.lastUserMessage();
      return shown(text !== undefined && text.length > 80 ? `${text.slice(0, 80)}…` : text);
    },
  };
}

function percentage(
  percent: number,
  by: string,
  { rule, perAttempt }: { rule: string; perAttempt: boolean },
): Condition {
  const share = percent / 100;
  const keyOf = perAttempt ? perAttemptKey(keyReader(by)) : keyReader(by);
  const drawn = (call: Call, seed: number): number => draw(seed, rule, keyOf(call));
  return {
    name: "percentage",
    expected: `a draw below ${share} by ${by}`,
    test: (call, seed) => drawn(call, seed) < share,
    seen: (call, seed) => `${drawn(call, seed).toFixed(6)} for ${shown(keyOf(call))}`,
    draw: drawn,
  };
}

/** A call without the wanted header or key falls back to its request id, so that such calls do not all share one fate. */
function keyReader(by: string): (call: Call) => string {
  if (by === "requestId") return (call) => call.id;
  if (by === "key") return (call) => call.keyHash ?? call.id;
  const header = by.slice("header:".length).toLowerCase();
  return (call) => headerOf(call, header) ?? call.id;
}

function perAttemptKey(keyOf: (call: Call) => string): (call: Call) => string {
  return (call) => `${keyOf(call)}#${headerOf(call, attemptHeader) ?? "0"}`;
}
