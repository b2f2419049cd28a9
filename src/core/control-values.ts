import { DisplayString, Token, type InnerList, type Item } from "structured-headers";
import { StuntdoubleError } from "./errors.ts";
import { didYouMean } from "./issues.ts";

/** A key that stands for true, and for false as `?0`. */
export function flagOf(key: string, member: Item | InnerList): boolean {
  const value = plain(member[0]);
  return typeof value === "boolean" ? value : refuse(`${key} takes no value, or ?0`);
}

/** One of several names. */
export function nameOf(key: string, member: Item | InnerList, names: readonly string[]): string {
  const name = textOf(key, member);
  if (!names.includes(name)) refuse(`unknown ${key} "${name}".${choices(name, names)}`);
  return name;
}

/** A string, or a token, which is one without quotes. */
export function textOf(key: string, member: Item | InnerList): string {
  const value = plain(member[0]);
  return typeof value === "string" ? value : refuse(`${key} must be a string, such as ${key}="name"`);
}

/** Any text: a string holds only visible ASCII characters and blanks, a Display String (`%"f%c3%bcr"`) all others. */
export function anyTextOf(key: string, member: Item | InnerList): string {
  const [value] = member;
  if (value instanceof DisplayString) return value.toString();
  return typeof value === "string" ? value : refuse(`${key} must be a string such as ${key}="Hello", or %"f%c3%bcr"`);
}

/** One of a few words. */
export function wordOf<Word extends string>(key: string, member: Item | InnerList, words: readonly Word[]): Word {
  const given = plain(member[0]);
  return words.find((word) => word === given) ?? refuse(`${key} must be one of ${words.join(", ")}`);
}

/** An integer from 0 to `max`. */
export function integerOf(key: string, member: Item | InnerList, max: number): number {
  const value = plain(member[0]);
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max) return value;
  return refuse(`${key} must be an integer from 0 to ${max}`);
}

/** Tokens and strings are both strings; dates, byte sequences and lists are not accepted. */
export function plain(value: unknown): string | number | boolean | undefined {
  if (value instanceof Token) return value.toString();
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : undefined;
}

/** Which words are allowed, and which of them is meant. */
export function choices(word: string, allowed: readonly string[]): string {
  return `${didYouMean(word, allowed)} Allowed: ${allowed.join(", ")}`;
}

/** Refuses the header. @throws BODY_INVALID always */
export function refuse(problem: string): never {
  throw controlError(problem);
}

/**
 * The refusal of a control header that cannot be followed.
 *
 * @param problem without a full stop
 */
export function controlError(problem: string, cause?: unknown): StuntdoubleError {
  return new StuntdoubleError("BODY_INVALID", `Control header: ${problem}.`, { cause });
}
