import { formatErrors, loadText, type Settings } from "../config/load.ts";
import type { ConfigError } from "../config/places.ts";
import { sharesOf } from "../config/shares.ts";
import { StuntdoubleError } from "../core/errors.ts";
import { parseWords, type Io, type Command } from "./args.ts";
import { exitCodes } from "./exit-codes.ts";
import { readConfig, type NamedConfig } from "./config-source.ts";

const usage = `Checks configuration files and reports all errors at once.

  stuntdouble check FILE... [--ext-proc] [--strict] [--json]

Each error is one line: file, line and column, path, what is wrong, and what is allowed. Environment variables must be set
as for the start. Warnings go to standard error and do not change the exit code. Where percentages are used, it is said how many
calls each rule and each fault really gets. FILE may be the URL of a configuration store, as for the start, or - for standard
input; then names of other files start in the current folder.

  --ext-proc  check for a node that is started with --ext-proc
  --strict    warnings count as errors
  --json      print one JSON array with an object for each error and warning: file, line, column, path, severity (error or
              warning), code, message, and allowed and nearest where they can be told

Exit codes: 0 no errors, 2 errors

Examples
  stuntdouble check staging.yaml production.yaml --strict
  stuntdouble check stuntdouble.yaml --json | jq '.[] | select(.severity == "error") | .path'
`;

/** `stuntdouble check` */
export const check: Command = {
  name: "check",
  summary: "check configuration files",
  usage,
  async run(args, io) {
    const { flags, words: files } = parseWords(args, { json: "boolean", "ext-proc": "boolean", strict: "boolean" });
    if (files.length === 0)
      throw new StuntdoubleError("CONFIG_INVALID", "expected a file, as in: stuntdouble check stuntdouble.yaml");
    const reports: Report[] = [];
    for (const file of files) reports.push(reportOf(await load(file, io, flags["ext-proc"] === true)));
    if (flags.json === true) io.out(`${JSON.stringify(reports.flatMap(findingsIn), undefined, 2)}\n`);
    else for (const report of reports) print(report, io);
    const strict = flags.strict === true;
    const isGood = ({ errors, warnings }: Report) => errors.length === 0 && (!strict || warnings.length === 0);
    return reports.every(isGood) ? exitCodes.good : exitCodes.invalid;
  },
};

const standardInput = "-";

async function load(file: string, io: Io, extProc: boolean): Promise<NamedConfig> {
  const reading = { env: io.env, generation: 1, extProc };
  if (file !== standardInput) return await readConfig(file, reading, io);
  return { ...(await loadText(await io.readInput(), { ...reading, folder: io.cwd })), shown: "<stdin>" };
}

/** What was found in one file. */
type Report = {
  readonly file: string;
  readonly settings: Settings | undefined;
  readonly errors: readonly ConfigError[];
  readonly warnings: readonly ConfigError[];
};

function reportOf(loaded: NamedConfig): Report {
  const { ok, warnings, shown: file } = loaded;
  return ok
    ? { file, settings: loaded.settings, errors: [], warnings }
    : { file, settings: undefined, errors: loaded.errors, warnings };
}

function findingsIn({ file, errors, warnings }: Report): object[] {
  const found = (severity: "error" | "warning") => (error: ConfigError) => {
    const { line, column, path, code, ...words } = error;
    return { file: error.file ?? file, line, column, path, severity, code, ...words };
  };
  return [...errors.map(found("error")), ...warnings.map(found("warning"))];
}

function print({ file, settings, errors, warnings }: Report, io: Io): void {
  const told = warnings.map((warning) => ({ ...warning, message: `warning: ${warning.message}` }));
  if (told.length > 0) io.err(`${formatErrors(file, told)}\n`);
  if (settings === undefined) {
    io.out(`${formatErrors(file, errors)}\n`);
    return;
  }
  const shares = sharesOf(settings.config).map((sentence) => `  ${sentence}\n`);
  io.out(`${file}: ok (${summaryOf(settings)})\n${shares.join("")}`);
}

function summaryOf({ config, profiles }: Settings): string {
  return [
    counted(config.rules.length, "rule"),
    counted(Object.keys(config.upstreams).length, "upstream"),
    counted(profiles.length, "profile"),
  ].join(", ");
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
