import path from "node:path";
import { formatMistakes, loadConfig, type Settings } from "../config/load.ts";
import { StuntdoubleError } from "../core/errors.ts";
import { parseWords, type Verb } from "./args.ts";

const usage = `Checks a configuration file and reports all mistakes at once.

  stuntdouble check FILE [--ext-proc] [--json]

Each mistake is one line: file, line and column, path, what is wrong, and what is allowed. Environment variables must be set
as for the start. Warnings go to standard error and do not change the exit code.

  --ext-proc  check for a node that is started with --ext-proc
  --json      print one JSON object: { ok, mistakes, warnings }

Exit codes: 0 no mistakes, 2 mistakes

Examples
  stuntdouble check stuntdouble.yaml
  stuntdouble check stuntdouble.yaml --json | jq '.mistakes[].path'
`;

/** `stuntdouble check` */
export const check: Verb = {
  name: "check",
  summary: "check a configuration file",
  usage,
  async run(args, io) {
    const { flags, words } = parseWords(args, { json: "boolean", "ext-proc": "boolean" });
    const [file] = words;
    if (file === undefined || words.length > 1)
      throw new StuntdoubleError("CONFIG_INVALID", "expected one file, as in: stuntdouble check stuntdouble.yaml");
    const loaded = await loadConfig(path.resolve(io.cwd, file), {
      env: io.env,
      generation: 1,
      extProc: flags["ext-proc"] === true,
    });
    const mistakes = loaded.ok ? [] : loaded.mistakes;
    if (flags.json === true) {
      io.out(`${JSON.stringify({ ok: loaded.ok, mistakes, warnings: loaded.warnings }, undefined, 2)}\n`);
      return loaded.ok ? 0 : 2;
    }
    const warnings = loaded.warnings.map((warning) => ({ ...warning, message: `warning: ${warning.message}` }));
    if (warnings.length > 0) io.err(`${formatMistakes(file, warnings)}\n`);
    io.out(loaded.ok ? `${file}: ok (${summaryOf(loaded.settings)})\n` : `${formatMistakes(file, mistakes)}\n`);
    return loaded.ok ? 0 : 2;
  },
};

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
