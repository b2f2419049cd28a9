import type { CallTiming, TrafficRecord } from "../types.ts";
import type { Exporter } from "./types.ts";

type Cell = string | number | boolean | undefined;

const columns: Readonly<Record<string, (record: TrafficRecord) => Cell>> = {
  time: ({ time }) => new Date(time).toISOString(),
  id: ({ id }) => id,
  model: ({ model }) => model,
  dialect: ({ dialect }) => dialect,
  operation: ({ operation }) => operation,
  stream: ({ stream }) => stream,
  key: ({ key }) => key,
  rule: ({ rule }) => rule,
  mode: ({ mode }) => mode,
  upstream: ({ upstream }) => upstream,
  profile: ({ profile }) => profile,
  faults: ({ faults }) => faults?.join(" "),
  experiments: ({ experiments }) => experiments?.join(" "),
  stand_in: ({ standIn }) => standIn,
  observed: ({ observed }) => observed,
  overridden: ({ overridden }) => overridden,
  attempt: ({ attempt }) => attempt,
  status: ({ status }) => status,
  ending: ({ ending }) => ending,
  cause: ({ cause }) => cause,
  prompt_tokens: ({ promptTokens }) => promptTokens,
  cached_tokens: ({ cachedTokens }) => cachedTokens,
  cost_usd: ({ costUsd }) => costUsd,
  in_flight: ({ inFlight }) => inFlight,
  queue_ms: ({ queueMs }) => queueMs,
  ...timing("", ({ actual }) => actual),
  ...timing("planned_", ({ planned }) => planned),
  mirror_from: ({ mirror }) => mirror?.from,
  mirror_name: ({ mirror }) => mirror?.name,
  mirror_status: ({ mirror }) => mirror?.status,
  mirror_ending: ({ mirror }) => mirror?.ending,
  ...timing("mirror_", ({ mirror }) => mirror),
};

function timing(prefix: string, of: (record: TrafficRecord) => CallTiming | undefined): typeof columns {
  return {
    [`${prefix}ttft_ms`]: (record) => of(record)?.ttftMs,
    [`${prefix}total_ms`]: (record) => of(record)?.totalMs,
    [`${prefix}output_tokens`]: (record) => of(record)?.outputTokens,
    [`${prefix}gaps_ms`]: (record) => of(record)?.gapsMs.join(" "),
  };
}

/**
 * Comma-separated values with a line of names; gaps stand in one cell, with blanks between. A text that a spreadsheet would take
 * for a formula has an apostrophe before it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc4180
 */
export function csvExporter(): Exporter {
  const cells = Object.values(columns);
  return {
    head: `${Object.keys(columns).join(",")}\r\n`,
    record: (record) => `${cells.map((cell) => quoted(cell(record))).join(",")}\r\n`,
    end: () => "",
    skipped: () => 0,
  };
}

/** What a spreadsheet would take for a formula begins so; behind an apostrophe it is text. */
const formula = /^[=+\-@\t\r]/;

function quoted(cell: Cell): string {
  const text = typeof cell === "string" && formula.test(cell) ? `'${cell}` : String(cell ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
