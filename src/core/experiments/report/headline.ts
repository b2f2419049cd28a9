import type { Report } from "./report.ts";

/** What a report says first: what came of which experiment, and why. */
export function headlineOf({ name, verdict }: Report): { readonly title: string; readonly why: string } {
  return { title: `${name}: ${verdict.result}`, why: `${verdict.why}.` };
}
