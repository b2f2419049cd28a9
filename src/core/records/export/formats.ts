import { csvExporter } from "./csv.ts";
import { mooncakeExporter } from "./mooncake.ts";
import { otelExporter } from "./otel.ts";
import type { Exporter } from "./types.ts";

const exporters = {
  ndjson: ndjsonExporter,
  csv: csvExporter,
  mooncake: mooncakeExporter,
  "otel-genai": otelExporter,
} as const satisfies Record<string, () => Exporter>;

/** A form in which records can be exported. */
export type ExportFormat = keyof typeof exporters;

/** The names of all formats. */
export const exportFormats: readonly ExportFormat[] = Object.keys(exporters).filter(isExportFormat);

/** Whether a format has that name. */
export function isExportFormat(name: string): name is ExportFormat {
  return Object.hasOwn(exporters, name);
}

/** Makes what writes one file in a format. */
export function createExporter(format: ExportFormat): Exporter {
  return exporters[format]();
}

function ndjsonExporter(): Exporter {
  return { record: (record) => `${JSON.stringify(record)}\n`, end: () => "", skipped: () => 0 };
}
