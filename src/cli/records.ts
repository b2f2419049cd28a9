import path from "node:path";
import { StuntdoubleError } from "../core/errors.ts";
import { createExporter, exportFormats, isExportFormat, type ExportFormat } from "../core/records/export/formats.ts";
import type { Exporter } from "../core/records/export/types.ts";
import { parseRecord } from "../core/records/parse.ts";
import { sinceMs } from "../core/records/since.ts";
import type { TrafficRecord } from "../core/records/types.ts";
import { recordFilesIn } from "../emit/records/read.ts";
import { wallClockMs } from "../limits/clock.ts";
import { AdminError, createAdminClient } from "./admin-client.ts";
import { parseWords, type Command, type Io } from "./args.ts";
import { exitCodes } from "./exit-codes.ts";
import { readRecordFiles } from "./record-files.ts";
import { writeOutput } from "./output-file.ts";

const usage = `Exports records of calls: times and counts, and no text of requests or responses.

  stuntdouble records export --records PLACE [PLACE…] [--format FORMAT] [-o FILE]
  stuntdouble records export --admin URL [--format FORMAT] [-o FILE]

  --records     folder of records.dir, or files of it; several may follow one another
  --admin       URL of the admin API of a running node: the records in its memory
  --token-env   environment variable with its token; default: STUNTDOUBLE_ADMIN_TOKEN
  --format      ${exportFormats.join(", ")}; default: ndjson
  --since       a time such as 2026-05-01T12:00:00Z, or how long ago, such as 15m; default: all
  --model       only calls of this model
  -o, --output  file to write to, instead of printing; one that is there is not overwritten
  --force       overwrite the file

mooncake is a trace for guidellm, aiperf and dynamo; otel-genai is OTLP in JSON, with the attributes gen_ai.* of OpenTelemetry.

A line that is no record is an error with its file and number. A last line that was not written to its end is skipped and counted.

Exit codes: 0 exported, 1 the node refused or cannot be reached, 2 invalid arguments or records

Examples
  stuntdouble records export --records /var/lib/stuntdouble/records --format mooncake -o trace.jsonl
  stuntdouble records export --admin http://127.0.0.1:8081 --since 1h --format csv
`;

const flagKinds = {
  records: "string",
  admin: "string",
  "token-env": "string",
  format: "string",
  since: "string",
  model: "string",
  output: "string",
  force: "boolean",
} as const;

type Flags = ReturnType<typeof parseWords<typeof flagKinds>>["flags"];

/** `stuntdouble records` */
export const records: Command = {
  name: "records",
  summary: "export records of calls, for load tools and analysis",
  usage,
  async run(args, io) {
    const { flags, words } = parseWords(args, flagKinds);
    const [action, ...places] = words;
    if (action !== "export") throw invalid(`expected export${action === undefined ? "" : `, not "${action}"`}.`);
    const { format = "ndjson" } = flags;
    if (!isExportFormat(format)) throw invalid(`--format must be one of ${exportFormats.join(", ")}, not "${format}".`);
    const fromMs = flags.since === undefined ? 0 : sinceMs(flags.since, wallClockMs());
    if (fromMs === undefined)
      throw invalid(`--since must be a time or how long ago, such as 15m, not "${flags.since}".`);
    return await exportRecords({ flags, places, format, fromMs }, io);
  },
};

type Asked = {
  readonly flags: Flags;
  readonly places: readonly string[];
  readonly format: ExportFormat;
  readonly fromMs: number;
};

async function exportRecords({ flags, places, format, fromMs }: Asked, io: Io): Promise<number> {
  const half: string[] = [];
  const all = await sourceOf(flags, places, { io, halfWritten: (file) => void half.push(file) });
  const exporter = createExporter(format);
  const wanted = ({ time, model }: TrafficRecord): boolean =>
    time >= fromMs && (flags.model === undefined || model === flags.model);
  const pieces = piecesOf(all, exporter, wanted);
  if (flags.output === undefined) for await (const piece of pieces) io.out(piece);
  else await writeOutput(path.resolve(io.cwd, flags.output), pieces, { force: flags.force === true });
  for (const file of half) io.err(`${file}: the last line was not written to its end and is skipped\n`);
  if (exporter.skipped() > 0)
    io.err(`${exporter.skipped()} records are left out: their prompt or response has no known length\n`);
  if (flags.output !== undefined) io.err(`The records are in ${flags.output}\n`);
  return exitCodes.good;
}

async function* piecesOf(
  all: AsyncIterable<TrafficRecord>,
  exporter: Exporter,
  wanted: (record: TrafficRecord) => boolean,
): AsyncGenerator<string> {
  if (exporter.head !== undefined) yield exporter.head;
  for await (const record of all) {
    const text = wanted(record) ? exporter.record(record) : "";
    if (text !== "") yield text;
  }
  const end = exporter.end();
  if (end !== "") yield end;
}

async function sourceOf(
  flags: Flags,
  places: readonly string[],
  { io, halfWritten }: { readonly io: Io; halfWritten(file: string): void },
): Promise<AsyncIterable<TrafficRecord>> {
  if ((flags.records === undefined) === (flags.admin === undefined))
    throw invalid("give the place of the records: --records FOLDER, or --admin URL.");
  if (flags.records === undefined) {
    if (places[0] !== undefined) throw invalid(`unexpected argument "${places[0]}".`);
    return fromNode(await createAdminClient(flags, io.env).text("records"));
  }
  const files = await recordFilesIn([flags.records, ...places].map((place) => path.resolve(io.cwd, place)));
  return readRecordFiles(files, { halfWritten }, io);
}

async function* fromNode(text: string): AsyncGenerator<TrafficRecord> {
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const parsed = parseRecord(line);
    if (!parsed.ok) throw new AdminError(`the admin API gave a line that ${parsed.reason}.`);
    yield parsed.record;
  }
}

function invalid(message: string): StuntdoubleError {
  return new StuntdoubleError("CONFIG_INVALID", message);
}
