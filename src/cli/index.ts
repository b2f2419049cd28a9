import { toStuntdoubleError } from "../core/errors.ts";
import type { Io, Verb } from "./args.ts";
import { check } from "./check.ts";
import { explainVerb } from "./explain.ts";
import { schema } from "./schema.ts";
import { start } from "./start.ts";

/** Every command; the first one runs when none is named. */
export const verbs: readonly [Verb, ...Verb[]] = [start, check, explainVerb, schema];

const usage = `stuntdouble: the stand-in for your LLM provider

  stuntdouble COMMAND [OPTIONS]

${verbs.map((verb) => `  ${verb.name.padEnd(9)} ${verb.summary}`).join("\n")}

  stuntdouble COMMAND --help  show the options of a command, with examples
  stuntdouble --version       print the version

Exit codes: 0 success, 1 failure, 2 invalid arguments or configuration
`;

/**
 * Runs what the command line asks for.
 *
 * @param args without the program itself
 * @returns the exit code; never throws
 */
export async function runCommand(args: readonly string[], io: Io): Promise<number> {
  const [first = "", ...others] = args;
  if (first === "--version") {
    io.out(`${io.version}\n`);
    return 0;
  }
  if (first === "--help" || first === "help") {
    io.out(usage);
    return 0;
  }
  const named = verbs.find((verb) => verb.name === first);
  if (named === undefined && first !== "" && !first.startsWith("-")) {
    io.err(`stuntdouble: unknown command "${first}". Commands: ${verbs.map((verb) => verb.name).join(", ")}\n`);
    return 2;
  }
  return await runVerb(named ?? verbs[0], named === undefined ? args : others, io);
}

async function runVerb(verb: Verb, args: readonly string[], io: Io): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    io.out(verb.usage);
    return 0;
  }
  try {
    return await verb.run(args, io);
  } catch (caught) {
    const error = toStuntdoubleError(caught);
    const known = error.code === "CONFIG_INVALID";
    const shown = known ? error.message : caught instanceof Error ? (caught.stack ?? caught.message) : String(caught);
    io.err(`stuntdouble ${verb.name}: ${shown}\n`);
    return known ? 2 : 1;
  }
}
