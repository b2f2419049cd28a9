import { htmlOf } from "./html.ts";
import { junitOf } from "./junit.ts";
import { markdownOf } from "./markdown.ts";
import type { Report } from "./report.ts";
import { textOf } from "./text.ts";

/** A form of a report: its media type, and what makes it. */
type Format = { readonly type: string; write(report: Report): string };

/** Every form that a report has, by its name; the first is what is given where none is asked for. */
export const reportFormats = {
  json: { type: "application/json", write: (report) => JSON.stringify(report) },
  text: { type: "text/plain", write: textOf },
  markdown: { type: "text/markdown", write: markdownOf },
  junit: { type: "application/xml", write: junitOf },
  html: { type: "text/html", write: htmlOf },
} as const satisfies Readonly<Record<string, Format>>;

/** The name of a form of a report. */
export type ReportFormat = keyof typeof reportFormats;

/** The names of all of them. */
export const reportFormatNames = Object.keys(reportFormats).filter(isReportFormat);

/** Whether a report has a form of this name. */
export function isReportFormat(name: string): name is ReportFormat {
  return Object.hasOwn(reportFormats, name);
}
