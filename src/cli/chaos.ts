import { isReportFormat, reportFormatNames } from "../core/experiments/report/formats.ts";
import type { RunView } from "../core/experiments/run.ts";
import { StuntdoubleError } from "../core/errors.ts";
import { createAdminClient, type AdminClient } from "./admin-client.ts";
import { actionNamed } from "./actions.ts";
import { parseWords, type Command, type Io } from "./args.ts";
import { readPresets } from "../config/files/presets.ts";
import { changed, presetExperiment, readExperimentFile } from "./experiment-file.ts";
import { exitCodes } from "./exit-codes.ts";
import { experimentNamed } from "./experiment-named.ts";
import { endsWithin, untilUnread } from "./live/until.ts";
import { writeReport } from "./report-file.ts";
import { isOver, runLine, runTable, type Shown } from "./experiment-text.ts";

const usage = `Runs experiments on a node, over its admin API.

  stuntdouble chaos start FILE | --preset NAME [--match CONDITIONS] [--percentage N] [--for TIME]
  stuntdouble chaos start --name NAME
  stuntdouble chaos list
  stuntdouble chaos watch [ID | latest]
  stuntdouble chaos report [ID | latest] [--format text | json | markdown | junit | html] [-o FILE [--force]]
  stuntdouble chaos stop [ID | latest] | --all
  stuntdouble chaos resume
  stuntdouble chaos presets

  ID            of an experiment; without it the only one that runs, and of watch and report else the latest
  latest        the one that was started last
  --preset      one of those that come with Stuntdouble, instead of a file
  --name        one of the node's configuration, from experiments
  --match       conditions on the calls in scope, as in a rule, such as '{ header: { x-env: staging } }'
  --percentage  of the calls in scope, instead of what the file says
  --for         how long it runs, such as 90s, 10m or 1h; stages keep their proportions
  --all         the kill switch: stop every experiment and every fault until resume
  --format      of a report; default: text. A page of html has plots; junit is for CI
  -o, --output  file to write a report to, instead of printing it
  --force       overwrite a file that is there
  --admin       URL of the admin API; default: http://127.0.0.1:8081
  --token-env   environment variable with its token; default: STUNTDOUBLE_ADMIN_TOKEN
  --json        print what the admin API says; of watch, one object a line; of presets, a list

Exit codes: 0 success, 1 the node refused or cannot be reached, 2 invalid arguments; of report and watch also 3 the hypothesis
did not hold, 4 inconclusive

Examples
  stuntdouble chaos start --preset rate-limit-storm --match '{ header: { x-env: staging } }' --for 10m
  stuntdouble chaos stop --all
`;

const flagKinds = {
  preset: "string",
  name: "string",
  match: "string",
  percentage: "string",
  for: "string",
  all: "boolean",
  format: "string",
  output: "string",
  force: "boolean",
  admin: "string",
  "token-env": "string",
  json: "boolean",
} as const;

type Flags = ReturnType<typeof parseWords<typeof flagKinds>>["flags"];

/** What an action of the command is given. */
type Asked = {
  readonly flags: Flags;
  readonly words: readonly string[];
  readonly io: Io;
  readonly client: AdminClient;
};

const actions: Readonly<Record<string, (asked: Asked) => Promise<number>>> = {
  start,
  list,
  watch,
  report,
  stop,
  resume,
  presets,
};

/** `stuntdouble chaos` */
export const chaos: Command = {
  name: "chaos",
  summary: "start, watch and stop experiments on a node",
  usage,
  async run(args, io) {
    const { flags, words } = parseWords(args, flagKinds);
    const [name = "", ...others] = words;
    const action = actionNamed(actions, name);
    return await action({ flags, words: others, io, client: createAdminClient(flags, io.env) });
  },
};

async function start({ flags, words, io, client }: Asked): Promise<number> {
  const started = await client.send<RunView>("POST", "experiments", await writtenOf(words, flags, io));
  if (flags.json === true) return print(started, io);
  io.out(`${runLine(started)}\nStop it with: stuntdouble chaos stop ${started.id}\n`);
  return exitCodes.good;
}

async function writtenOf([file, ...more]: readonly string[], flags: Flags, io: Io): Promise<unknown> {
  const { preset, name, match, percentage, for: time } = flags;
  if ([file, preset, name].filter((each) => each !== undefined).length !== 1 || more.length > 0) {
    const example = "stuntdouble chaos start --preset region-down";
    throw new StuntdoubleError("CONFIG_INVALID", `expected a file, --preset NAME or --name NAME, as in: ${example}`);
  }
  if (name === undefined)
    return changed(
      preset === undefined ? await readExperimentFile(file ?? "", io) : await presetExperiment(preset),
      flags,
    );
  if ([match, percentage, time].every((each) => each === undefined)) return { configured: name };
  throw new StuntdoubleError("CONFIG_INVALID", "--name cannot be combined with --match, --percentage or --for.");
}

function print(value: unknown, io: Io): number {
  io.out(jsonText(value));
  return exitCodes.good;
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

async function list({ flags, words, io, client }: Asked): Promise<number> {
  refuseWords(words);
  const all = await client.experiments();
  if (flags.json === true) return print(all, io);
  if (all.killSwitch) io.out("The kill switch is on: no fault acts. Turn it off with: stuntdouble chaos resume\n");
  io.out(runTable(all.experiments));
  return exitCodes.good;
}

const watchMs = 1000;

async function watch({ flags, words, io, client }: Asked): Promise<number> {
  const id = await experimentNamed(atMostOneWord(words), client, { ended: true });
  const unread = untilUnread(io);
  for (;;) {
    const run = await client.experiment(id);
    io.out(flags.json === true ? `${JSON.stringify(run)}\n` : `${runLine(run)}\n`);
    if (isOver(run)) return exitOf(run);
    if (await endsWithin(watchMs, unread)) return exitCodes.good;
  }
}

async function report({ flags, words, io, client }: Asked): Promise<number> {
  const word = atMostOneWord(words);
  const { format = flags.json === true ? "json" : "text", output } = flags;
  if (!isReportFormat(format)) {
    const formats = reportFormatNames.join(", ");
    throw new StuntdoubleError("CONFIG_INVALID", `--format must be one of ${formats}, not "${format}".`);
  }
  const id = await experimentNamed(word, client, { ended: true });
  const run = await client.experiment(id);
  const text = format === "json" ? jsonText(run) : await client.experimentReport(id, format);
  if (output === undefined) io.out(text);
  else await writeReport({ output, force: flags.force }, text, io);
  return exitOf(run);
}

async function stop({ flags, words, io, client }: Asked): Promise<number> {
  if (flags.all === true) {
    refuseWords(words);
    const { stopped } = await client.stopAll();
    if (flags.json === true) return print(stopped, io);
    io.out(`${runTable(stopped)}No fault acts until: stuntdouble chaos resume\n`);
    return exitCodes.good;
  }
  const id = await experimentNamed(atMostOneWord(words), client, { ended: false });
  const stopped = await client.stopExperiment(id);
  if (flags.json === true) return print(stopped, io);
  io.out(`${runLine(stopped)}\n`);
  return exitCodes.good;
}

async function resume({ flags, words, io, client }: Asked): Promise<number> {
  refuseWords(words);
  const resumed = await client.resume();
  if (flags.json === true) return print(resumed, io);
  io.out("The kill switch is off: faults of rules act again. Experiments stay stopped.\n");
  return exitCodes.good;
}

async function presets({ flags, words, io }: Asked): Promise<number> {
  refuseWords(words);
  const all = (await readPresets()).map(({ name, experiment: { hypothesis = "" } }) => {
    return { name, hypothesis: String(hypothesis) };
  });
  if (flags.json === true) return print(all, io);
  for (const { name, hypothesis } of all) io.out(`${name.padEnd(20)} ${hypothesis}\n`);
  return exitCodes.good;
}

/** @throws CONFIG_INVALID when there is more than one */
function atMostOneWord([word, ...others]: readonly string[]): string | undefined {
  refuseWords(others);
  return word;
}

function refuseWords([extra]: readonly string[]): void {
  if (extra !== undefined) throw new StuntdoubleError("CONFIG_INVALID", `unexpected argument "${extra}".`);
}

function exitOf({ verdict }: Shown): number {
  if (verdict?.result === "did not hold") return exitCodes.differs;
  return verdict?.result === "inconclusive" ? exitCodes.notEnough : exitCodes.good;
}
