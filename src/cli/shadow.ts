import path from "node:path";
import { StuntdoubleError } from "../core/errors.ts";
import { sinceMs } from "../core/records/since.ts";
import type { TrafficRecord } from "../core/records/types.ts";
import { defaultGates, gatesText, readGates } from "../core/shadow/gates.ts";
import { measures, pairsIn, setsOf, type Measure, type Sides } from "../core/shadow/observed.ts";
import { isVerdictFormat, verdictFormatNames, verdictFormats } from "../core/shadow/report/formats.ts";
import { headlineOf } from "../core/shadow/report/tables.ts";
import { verdictOf, type Verdict } from "../core/shadow/verdict.ts";
import { recordFilesIn } from "../emit/records/read.ts";
import { createAdminClient } from "./admin-client.ts";
import { endsWithin, untilEnded } from "./live/until.ts";
import { actionNamed } from "./actions.ts";
import { parseWords, type Command, type Io } from "./args.ts";
import { exitCodes } from "./exit-codes.ts";
import { readRecordFiles } from "./record-files.ts";
import { writeReport } from "./report-file.ts";
import { jsonText } from "./terminal/text.ts";

const usage = `Says whether the simulation is like the real side, from calls that were mirrored.

  stuntdouble shadow report [--admin URL | --records DIR [--against DIR]] [--since TIME] [--gate GATES]
                            [--format text | json | junit | html] [-o FILE [--force]]
  stuntdouble shadow watch  [--admin URL] [--since TIME] [--gate GATES] [--every SECONDS]

  --records     a file or a folder of records, instead of a running node
  --against     a second one: the calls of --records are compared with those of this one, as they were served
  --since       calls from then on: a time, or how long ago, such as 15m, 1h or 7d; default: all that are there
  --gate        how far quantiles may be off; default: ${gatesText(defaultGates)}
  --measures    what is compared, of ${measures.join(", ")}; default: all. Only with --records
  --format      default: text. A page of html has plots; junit is for CI
  --json        the same as --format json; of watch, one JSON object a line
  -o, --output  file to write the report to, instead of printing it
  --force       overwrite a file that is there
  --every       how often watch asks the node, in seconds; default: 5
  --admin       URL of the admin API; default: http://127.0.0.1:8081
  --token-env   environment variable with its token; default: STUNTDOUBLE_ADMIN_TOKEN

Exit codes: 0 within the gates, 1 the node refused or cannot be reached, 2 invalid arguments or records, 3 outside the gates,
4 not enough data; watch ends with 0

Examples
  stuntdouble shadow report --since 1h --gate p50=5%,p95=10% --format html -o shadow.html
  stuntdouble shadow report --records /var/lib/stuntdouble/records
`;

const flagKinds = {
  records: "string",
  against: "string",
  since: "string",
  gate: "string",
  measures: "string",
  format: "string",
  output: "string",
  force: "boolean",
  every: "string",
  admin: "string",
  "token-env": "string",
  json: "boolean",
} as const;

type Flags = ReturnType<typeof parseWords<typeof flagKinds>>["flags"];

const actions: Readonly<Record<string, (flags: Flags, io: Io) => Promise<number>>> = { report, watch };

/** `stuntdouble shadow` */
export const shadow: Command = {
  name: "shadow",
  summary: "say whether the simulation is like the real side",
  usage,
  async run(args, io) {
    const { flags, words } = parseWords(args, flagKinds);
    const [name = "", extra] = words;
    const action = actionNamed(actions, name);
    if (extra !== undefined) throw new StuntdoubleError("CONFIG_INVALID", `unexpected argument "${extra}".`);
    checkTogether(name, flags);
    readGates(gateOf(flags));
    return await action(flags, io);
  },
};

/** @throws CONFIG_INVALID for flags that mean nothing beside each other */
function checkTogether(action: string, flags: Flags): void {
  const { records, admin, against } = flags;
  const refuse = (message: string): never => {
    throw new StuntdoubleError("CONFIG_INVALID", message);
  };
  if (records !== undefined && (admin !== undefined || flags["token-env"] !== undefined))
    refuse("--records cannot be combined with --admin or --token-env.");
  if (records === undefined && (against !== undefined || flags.measures !== undefined))
    refuse("--against and --measures need --records.");
  if (flags.json === true && flags.format !== undefined) refuse("--json cannot be combined with --format.");
  const others = action === "watch" ? (["records", "format", "output", "force"] as const) : (["every"] as const);
  for (const flag of others) if (flags[flag] !== undefined) refuse(`${action} takes no --${flag}.`);
}

function gateOf({ gate = gatesText(defaultGates) }: Flags): string {
  return gate;
}

async function report(flags: Flags, io: Io): Promise<number> {
  const { format = flags.json === true ? "json" : "text", output } = flags;
  if (!isVerdictFormat(format))
    throw new StuntdoubleError(
      "CONFIG_INVALID",
      `--format must be one of ${verdictFormatNames.join(", ")}, not "${format}".`,
    );
  const verdict = flags.records === undefined ? await askNode(flags, io) : await readFiles(flags, io);
  const text = verdictFormats[format](verdict);
  if (output === undefined) io.out(text);
  else await writeReport({ output, force: flags.force }, text, io);
  return exitOf(verdict);
}

function exitOf({ result }: Verdict): number {
  if (result === "differs") return exitCodes.differs;
  return result === "not enough data" ? exitCodes.notEnough : exitCodes.good;
}

async function askNode(flags: Flags, io: Io): Promise<Verdict> {
  const since = flags.since === undefined ? undefined : String(sinceOf(flags.since));
  return await createAdminClient(flags, io.env).shadowReport({ gate: gateOf(flags), since });
}

async function readFiles(flags: Flags, io: Io): Promise<Verdict> {
  const { records = "", against, since } = flags;
  const from = since === undefined ? 0 : sinceOf(since);
  const wanted = measuresOf(flags);
  const read = (place: string): Promise<TrafficRecord[]> => recordsIn(path.resolve(io.cwd, place), from, io);
  const sides: Sides =
    against === undefined ? pairsIn(await read(records)) : setsOf(await read(records), await read(against));
  return verdictOf(sides, { gates: readGates(gateOf(flags)), measures: wanted });
}

async function recordsIn(place: string, from: number, io: Io): Promise<TrafficRecord[]> {
  const found: TrafficRecord[] = [];
  const halfWritten = (file: string): void =>
    io.err(`${file}: the last line was not written to its end, and is skipped.\n`);
  for await (const record of readRecordFiles(await recordFilesIn([place]), { halfWritten }, io))
    if (record.time >= from) found.push(record);
  return found;
}

function measuresOf({ measures: names }: Flags): readonly Measure[] | undefined {
  return names?.split(",").map((name) => {
    const found = measures.find((measure) => measure === name.trim());
    if (found !== undefined) return found;
    throw new StuntdoubleError("CONFIG_INVALID", `--measures must be some of ${measures.join(", ")}, not "${names}".`);
  });
}

/** @throws CONFIG_INVALID for what is no time */
function sinceOf(text: string): number {
  const since = sinceMs(text, Date.now());
  if (since !== undefined) return Math.round(since);
  throw new StuntdoubleError("CONFIG_INVALID", `--since must be a time, or how long ago, such as 15m, not "${text}".`);
}

/** A verdict that is looked at again and again is wrong more often than one that is looked at once. */
async function watch(flags: Flags, io: Io): Promise<number> {
  const everyMs = everyOf(flags) * 1000;
  const { signal } = untilEnded(io);
  for (;;) {
    const verdict = await askNode(flags, io);
    if (flags.json === true) io.out(`${jsonText(verdict)}\n`);
    else
      io.out(
        `so far, over ${verdict.calls.compared.toLocaleString("en-US")} calls: ${verdict.result}. ${headlineOf(verdict)}\n`,
      );
    if (await endsWithin(everyMs, signal)) return exitCodes.good;
  }
}

function everyOf({ every = "5" }: Flags): number {
  const seconds = Number(every);
  if (/^\d+(\.\d+)?$/.test(every) && seconds >= 0.1 && seconds <= 86_400) return seconds;
  throw new StuntdoubleError(
    "CONFIG_INVALID",
    `--every must be a number of seconds from 0.1 to 86400, not "${every}".`,
  );
}
