import { readBaggage } from "./baggage.ts";
import { controlError } from "./control-values.ts";
import type { ControlSettings } from "./control.ts";
import type { HeaderMap } from "./types.ts";

/** Headers by which callers of other mocks ask for a failure, and what each asks for in words of the control header. */
const aliases: Readonly<Record<string, (name: string, value: string) => string | undefined>> = {
  "x-return-error": statusFault,
  "x-mock-status": statusFault,
  "x-aimock-chaos-latency": (name, value) => `delay;ms=${Math.round(numberOf(name, value, 30_000))}`,
  "x-aimock-chaos-drop": (name, value) => drawn("status;status=500", name, value),
  "x-aimock-chaos-malformed": (name, value) => drawn("malformed", name, value),
  "x-aimock-chaos-ratelimit": (name, value) => drawn("status;status=429;retry-after-seconds=1", name, value),
  "x-aimock-chaos-disconnect": (name, value) => drawn("reset", name, value),
};

/** Whether a header is one by which callers of other mocks ask for a failure. @param lower in lower case */
export function isAlias(lower: string): boolean {
  return Object.hasOwn(aliases, lower);
}

/**
 * What a caller asks for in words of the control header: by that header, else by our member of `baggage`, else, where that is
 * switched on, by the headers of other mocks.
 *
 * @returns undefined where it asks for nothing
 * @throws BODY_INVALID for an alias that is not understood
 */
export function controlTextOf(
  headers: HeaderMap,
  { header, aliases: allowed, tokenMatches }: Pick<ControlSettings, "header" | "aliases" | "tokenMatches">,
): string | undefined {
  const own = headers[header] ?? (headers["baggage"] === undefined ? undefined : readBaggage(headers["baggage"]));
  // Aliases have no place for a token.
  if (own !== undefined || allowed !== true || tokenMatches !== undefined) return own;
  const faults = Object.entries(aliases).flatMap(([name, read]) => {
    const value = headers[name];
    return value === undefined ? [] : (read(name, value.trim()) ?? []);
  });
  return faults.length === 0 ? undefined : `fault=(${faults.join(" ")})`;
}

/** A status below 400 is no failure. */
function statusFault(name: string, value: string): string | undefined {
  const status = /^[1-5]\d\d$/.test(value) ? Number(value) : undefined;
  if (status === undefined) throw controlError(`${name} must be an HTTP status from 100 to 599`);
  return status < 400 ? undefined : `status;status=${status}`;
}

function drawn(fault: string, name: string, value: string): string {
  const rate = numberOf(name, value, 1);
  return rate === 1 ? fault : `${fault};percentage=${Number((rate * 100).toFixed(3))}`;
}

function numberOf(name: string, value: string, max: number): number {
  const number = /^\d{1,6}(?:\.\d{1,9})?$/.test(value) ? Number(value) : Number.NaN;
  if (number >= 0 && number <= max) return number;
  throw controlError(`${name} must be a number from 0 to ${max}`);
}
