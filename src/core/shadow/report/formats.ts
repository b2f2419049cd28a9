import type { Verdict } from "../verdict.ts";
import { htmlOf } from "./html.ts";
import { junitOf } from "./junit.ts";
import { textOf } from "./text.ts";

/** Every form of a verdict, by its name. */
export const verdictFormats = {
  text: (verdict) => `${textOf(verdict)}\n`,
  json: (verdict) => `${JSON.stringify(verdict, undefined, 2)}\n`,
  junit: (verdict) => `${junitOf(verdict)}\n`,
  html: htmlOf,
} as const satisfies Readonly<Record<string, (verdict: Verdict) => string>>;

/** The name of a form. */
export type VerdictFormat = keyof typeof verdictFormats;

/** Whether a verdict has a form of this name. */
export function isVerdictFormat(name: string): name is VerdictFormat {
  return Object.hasOwn(verdictFormats, name);
}

/** The names of all of them. */
export const verdictFormatNames: readonly string[] = Object.keys(verdictFormats);
