import type { HeaderList } from "./types.ts";

/** Counts the attempts of the official client libraries, from 0. @see https://github.com/openai/openai-node */
export const attemptHeader = "x-stainless-retry-count";

/**
 * Visits each header in order, repeated ones too.
 *
 * A name without a value, which no parser gives, is passed over.
 */
export function eachHeader(headers: HeaderList, visit: (name: string, value: string) => void): void {
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index];
    const value = headers[index + 1];
    if (name !== undefined && value !== undefined) visit(name, value);
  }
}

/**
 * Visits each header from the last to the first, for what is written backwards.
 *
 * @param visit is given the name in lower case, and where the header stands in the list
 */
export function eachHeaderBackwards(
  headers: HeaderList,
  visit: (name: string, value: string, index: number) => void,
): void {
  for (let index = headers.length - 2; index >= 0; index -= 2) {
    const name = headers[index];
    const value = headers[index + 1];
    if (name !== undefined && value !== undefined) visit(name.toLowerCase(), value, index);
  }
}

/**
 * Where the first header of that lower-case name stands in the list; -1 when there is none.
 *
 * @param from the place of a header in the list, from which on it is looked for
 */
export function headerIndex(headers: HeaderList, wanted: string, from = 0): number {
  for (let index = from; index + 1 < headers.length; index += 2) {
    const name = headers[index];
    if (name?.length === wanted.length && name.toLowerCase() === wanted) return index;
  }
  return -1;
}

/** The value of the first header of that lower-case name. */
export function headerValue(headers: HeaderList, wanted: string): string | undefined {
  const index = headerIndex(headers, wanted);
  return index === -1 ? undefined : headers[index + 1];
}

/** How many headers have that lower-case name. */
export function headerCount(headers: HeaderList, wanted: string): number {
  let count = 0;
  eachHeader(headers, (name) => {
    if (name.length === wanted.length && name.toLowerCase() === wanted) count += 1;
  });
  return count;
}

/**
 * The headers that are wanted, in their order and spelling.
 *
 * @param keep is given each name in lower case
 */
export function keepHeaders(headers: HeaderList, keep: (name: string) => boolean): string[] {
  const kept: string[] = [];
  // A loop of its own: every forwarded call comes through here twice.
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index];
    const value = headers[index + 1];
    if (name !== undefined && value !== undefined && keep(name.toLowerCase())) kept.push(name, value);
  }
  return kept;
}

/**
 * Puts headers in the place of those of the same names.
 *
 * @param headers changed
 * @param wanted with lower-case names
 */
export function setHeaders(headers: string[], wanted: HeaderList): void {
  let kept = 0;
  eachHeader(headers, (name, value) => {
    if (headerValue(wanted, name.toLowerCase()) !== undefined) return;
    headers[kept] = name;
    headers[kept + 1] = value;
    kept += 2;
  });
  headers.length = kept;
  headers.push(...wanted);
}

/** The values of each name, in order; names in lower case, in the order of their first header. */
export function headersByName(headers: HeaderList): Map<string, string[]> {
  const all = new Map<string, string[]>();
  eachHeader(headers, (name, value) => {
    const lower = name.toLowerCase();
    const values = all.get(lower);
    if (values === undefined) all.set(lower, [value]);
    else values.push(value);
  });
  return all;
}
