import type { Observation, ReadSource, SourceProblem } from "../types.ts";

/** What a column may hold. */
export const columnNames = [
  "ttft",
  "itl",
  "prompt",
  "cached",
  "output",
  "model",
  "operation",
  "inflight",
  "status",
] as const;

export type ColumnName = (typeof columnNames)[number];

/** The header of a column by what it holds. */
export type Columns = Partial<Readonly<Record<ColumnName, string>>>;

/** Headers that are understood without being named. */
const usual: Readonly<Record<ColumnName, readonly string[]>> = {
  ttft: ["ttft_ms", "ttft", "ttftMs"],
  itl: ["itl_ms", "mean_itl_ms", "itlMs"],
  prompt: ["prompt_tokens", "input_tokens", "promptTokens", "ContextTokens"],
  cached: ["cached_tokens", "cachedTokens"],
  output: ["output_tokens", "outputTokens", "GeneratedTokens"],
  model: ["model", "provider_model"],
  operation: ["operation"],
  inflight: ["in_flight", "inFlight", "concurrency"],
  status: ["status"],
};

/**
 * Reads a CSV file with a line of headers; times are in milliseconds.
 *
 * @param columns those that are not called as usual
 */
export function readCsv(text: string, columns: Columns = {}): ReadSource {
  const lines = text.split("\n");
  const headers = fieldsOf(lines[0] ?? "");
  const found = placesOf(headers, columns);
  if (typeof found === "string")
    return { observations: [], skipped: 0, leftOut: 0, problems: [{ line: 1, message: found }] };
  const observations: Observation[] = [];
  const problems: SourceProblem[] = [];
  let skipped = 0;
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line.trim() === "") continue;
    const fields = fieldsOf(line);
    if (fields.length < headers.length && index === lines.length - 1) {
      skipped += 1;
      continue;
    }
    const read = fields.length === headers.length ? observationOf(fields, found) : countProblem(fields, headers);
    if (typeof read === "string") problems.push({ line: index + 1, message: read });
    else observations.push(read);
  }
  return { observations, skipped, leftOut: 0, problems };
}

function countProblem(fields: readonly string[], headers: readonly string[]): string {
  return `has ${fields.length} fields, not ${headers.length} as the first line`;
}

type Places = ReadonlyMap<ColumnName, number>;

/** Where each column stands, or what is wrong. */
function placesOf(headers: readonly string[], columns: Columns): Places | string {
  const places = new Map<ColumnName, number>();
  for (const name of columnNames) {
    const wanted = columns[name];
    const at =
      wanted === undefined ? headers.findIndex((header) => usual[name].includes(header)) : headers.indexOf(wanted);
    if (at === -1 && wanted !== undefined) return `there is no column ${wanted}; there are ${headers.join(", ")}`;
    if (at !== -1) places.set(name, at);
  }
  if ((["ttft", "itl", "output"] as const).some((name) => places.has(name))) return places;
  return `no column is known to hold a TTFT, an ITL or an output length; there are ${headers.join(", ")}. --columns names them`;
}

/** @returns what is wrong, where a number is none */
function observationOf(fields: readonly string[], places: Places): Observation | string {
  const wrong: string[] = [];
  const text = (name: ColumnName): string | undefined => {
    const place = places.get(name);
    const field = place === undefined ? "" : (fields[place] ?? "").trim();
    return field === "" ? undefined : field;
  };
  const amount = (name: ColumnName): number | undefined => {
    const field = text(name);
    const value = Number(field ?? Number.NaN);
    if (field !== undefined && !(value >= 0 && Number.isFinite(value)))
      wrong.push(`${name} must be a number of at least 0, not "${field.slice(0, 40)}"`);
    return field === undefined ? undefined : value;
  };
  const status = amount("status") ?? 200;
  const read: Observation = {
    ttftMs: amount("ttft"),
    meanGapMs: amount("itl"),
    promptTokens: amount("prompt"),
    cachedTokens: amount("cached"),
    outputTokens: amount("output"),
    inFlight: amount("inflight"),
    model: text("model"),
    operation: text("operation"),
    failure: status >= 400 ? { kind: "status", status } : undefined,
  };
  return wrong[0] ?? read;
}

/** The fields of a line; a quoted one may have commas and doubled quotes. */
function fieldsOf(line: string): string[] {
  return [...line.replace(/\r$/, "").matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? "") : quoted.replaceAll('""', '"'),
  );
}
