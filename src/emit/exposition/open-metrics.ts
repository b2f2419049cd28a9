import type { Exemplar } from "../../core/records/exemplar.ts";
import { metricPrefix } from "../catalog.ts";
import { escapeLabel } from "./families.ts";

/** Max length of the names and values of an exemplar's labels together. @see https://prometheus.io/docs/specs/om/open_metrics_spec/#exemplars */
const maxLabelChars = 128;

/**
 * OpenMetrics 1.0 out of Prometheus text format 0.0.4.
 *
 * @param text as prom-client writes it: HELP, then TYPE, then the samples
 */
export function openMetricsText(text: string, exemplars: readonly Exemplar[]): string {
  const byLine = new Map(exemplars.map((exemplar) => [linePrefix(exemplar), exemplar]));
  const families = text.replaceAll(
    /^# HELP (\S+)_total (.*)\n# TYPE \S+ counter$/gm,
    "# HELP $1 $2\n# TYPE $1 counter",
  );
  const lines = families.split("\n").filter((line) => line !== "");
  const shown = byLine.size === 0 ? lines : lines.map((line) => withExemplar(line, byLine));
  return `${shown.join("\n")}\n# EOF\n`;
}

function withExemplar(line: string, byLine: ReadonlyMap<string, Exemplar>): string {
  if (!line.includes("_bucket{")) return line;
  const exemplar = byLine.get(line.slice(0, line.lastIndexOf(" ")));
  return exemplar === undefined ? line : `${line} # ${exemplarText(exemplar)}`;
}

function linePrefix({ metric, labels, le }: Exemplar): string {
  const pairs = [["le", le] as const, ...labels].map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return `${metricPrefix}${metric}_bucket{${pairs.join(",")}}`;
}

/** An id that is too long is left out: one that is cut finds nothing. */
function exemplarText({ requestId, traceId, seconds, atMs }: Exemplar): string {
  const trace: [string, string][] = traceId === undefined ? [] : [["trace_id", traceId]];
  const all: [string, string][] = [...trace, ["request_id", requestId]];
  const fits = lengthOf(all) <= maxLabelChars ? all : trace;
  const labels = fits.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(",");
  return `{${labels}} ${seconds} ${(atMs / 1000).toFixed(3)}`;
}

function lengthOf(labels: readonly (readonly [string, string])[]): number {
  return labels.reduce((total, [name, value]) => total + name.length + value.length, 0);
}
