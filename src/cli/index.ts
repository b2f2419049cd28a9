import { toStuntdoubleError } from "../core/errors.ts";
import type { Io, Command } from "./args.ts";
import { exitCodes } from "./exit-codes.ts";
import { AdminError } from "./admin-client.ts";
import { chaos } from "./chaos.ts";
import { check } from "./check.ts";
import { clients } from "./clients.ts";
import { createCompletion } from "./completion.ts";
import { doctor } from "./doctor/index.ts";
import { explainCommand } from "./explain.ts";
import { init } from "./init/index.ts";
import { plan } from "./plan/index.ts";
import { profile } from "./profile/index.ts";
import { recordings } from "./recordings/index.ts";
import { records } from "./records.ts";
import { requests } from "./requests/index.ts";
import { schema } from "./schema.ts";
import { shadow } from "./shadow.ts";
import { start } from "./start.ts";
import { status } from "./status.ts";
import { tail } from "./tail/index.ts";
import { top } from "./top/index.ts";

const others: readonly [Command, ...Command[]] = [
  start,
  init,
  check,
  explainCommand,
  chaos,
  clients,
  plan,
  profile,
  recordings,
  records,
  shadow,
  top,
  tail,
  requests,
  status,
  doctor,
  schema,
];

/** Every command; the first one runs when none is named. */
export const commands: readonly [Command, ...Command[]] = [...others, createCompletion(others)];

const usage = `stuntdouble: the stand-in for your LLM provider

  stuntdouble COMMAND [OPTIONS]

${commands.map((command) => `  ${command.name.padEnd(10)} ${command.summary}`).join("\n")}

  stuntdouble COMMAND --help  show the options of a command, with examples
  stuntdouble --version       print the version

Exit codes: 0 good, 1 failed, 2 invalid arguments or configuration, 3 differs, 4 not enough data
`;

/**
 * Runs what the command line asks for.
 *
 * @param args without the program itself
 * @returns the exit code; never throws
 */
export async function runCommand(args: readonly string[], io: Io): Promise<number> {
  const [first = "", ...others] = args;
  if (first === "--version" || first === "-v") {
    io.out(`${io.version}\n`);
    return exitCodes.good;
  }
  if (first === "--help" || first === "-h" || first === "help") return help(others[0], io);
  const named = commandNamed(first);
  if (named !== undefined) return await runNamed(named, { name: named.name, args: others, io });
  if (first !== "" && !first.startsWith("-")) return unknownCommand(first, io);
  return await runNamed(commands[0], { name: undefined, args, io });
}

function commandNamed(name: string): Command | undefined {
  return commands.find((command) => command.name === name);
}

function unknownCommand(name: string, io: Io): number {
  io.err(`stuntdouble: unknown command "${name}". Commands: ${commands.map((command) => command.name).join(", ")}.\n`);
  return exitCodes.invalid;
}

/** @param name of a command; undefined for all of them */
function help(name: string | undefined, io: Io): number {
  const command = name === undefined ? undefined : commandNamed(name);
  if (name !== undefined && command === undefined) return unknownCommand(name, io);
  io.out(command?.usage ?? usage);
  return exitCodes.good;
}

/** A command as it was asked for; without a name where none was. */
type Asked = { readonly name: string | undefined; readonly args: readonly string[]; readonly io: Io };

async function runNamed(command: Command, { name, args, io }: Asked): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    io.out(command.usage);
    return exitCodes.good;
  }
  try {
    return await command.run(args, io);
  } catch (caught) {
    const invalid = toStuntdoubleError(caught).code === "CONFIG_INVALID";
    const known = invalid || caught instanceof AdminError;
    const shown = known ? messageOf(caught) : ((caught instanceof Error ? caught.stack : undefined) ?? String(caught));
    const next = caught instanceof AdminError ? nextStepAfter(caught.message) : "";
    io.err(`stuntdouble${name === undefined ? "" : ` ${name}`}: ${shown}${next}\n`);
    return invalid ? exitCodes.invalid : exitCodes.failed;
  }
}

/** What to do about a refusal for want of the right token, which the admin API itself cannot know. */
function nextStepAfter(refusal: string): string {
  if (!/asks for its token|is not that of the admin API/.test(refusal)) return "";
  return " Set STUNTDOUBLE_ADMIN_TOKEN to it, or name another variable with --token-env.";
}

function messageOf(caught: unknown): string {
  return caught instanceof Error ? caught.message : String(caught);
}
