import path from "node:path";
import { StuntdoubleError } from "../../core/errors.ts";
import { nearestOf } from "../../core/issues.ts";
import { parseFlags, type Command, type Io } from "../args.ts";
import { exitCodes } from "../exit-codes.ts";
import { writeOutput } from "../output-file.ts";
import type { Terminal } from "../terminal/types.ts";
import { gateways, isChoice, providers, uses, type Choices } from "./choices.ts";
import { nextSteps } from "./next-steps.ts";
import { configText } from "./template.ts";

const usage = `Writes a configuration with comments, for what you want to do.

  stuntdouble init [--use USE] [--provider NAME] [--gateway NAME] [-o FILE] [--force]

  --use         ${Object.keys(uses).join(", ")}
  --provider    ${Object.keys(providers).join(", ")}
  --gateway     ${Object.keys(gateways).join(", ")}
  -o, --output  file to write; default: stuntdouble.yaml
  --force       overwrite the file

On a terminal it asks for what is not given. A file that is there is never overwritten without --force.

Exit codes: 0 written, 1 an answer was not given, 2 invalid arguments, or the file is there already

Examples
  stuntdouble init
  stuntdouble init --use chaos --provider openai --gateway haproxy -o chaos.yaml
`;

/** `stuntdouble init` */
export const init: Command = {
  name: "init",
  summary: "write a configuration to start from",
  usage,
  async run(args, io) {
    const flags = parseFlags(args, {
      use: "string",
      provider: "string",
      gateway: "string",
      output: "string",
      force: "boolean",
    });
    const given = {
      use: chosen(uses, "use", flags.use),
      provider: chosen(providers, "provider", flags.provider),
      gateway: chosen(gateways, "gateway", flags.gateway),
    };
    const choices = await complete(given, io);
    if (choices === undefined) {
      io.err("stuntdouble init: nothing is written.\n");
      return exitCodes.failed;
    }
    const { output = "stuntdouble.yaml", force = false } = flags;
    await writeOutput(path.resolve(io.cwd, output), [configText(choices)], { force });
    io.out(nextSteps(choices, output));
    return exitCodes.good;
  },
};

/** @throws CONFIG_INVALID for a word that is none of the choices */
function chosen<Name extends string>(
  of: Readonly<Record<Name, unknown>>,
  flag: string,
  word: string | undefined,
): Name | undefined {
  if (word === undefined || isChoice(of, word)) return word;
  const names = Object.keys(of);
  const nearest = nearestOf(word, names);
  const meant = nearest === undefined ? "" : ` Did you mean ${nearest}?`;
  throw new StuntdoubleError("CONFIG_INVALID", `--${flag} must be one of ${names.join(", ")}, not "${word}".${meant}`);
}

type Given = { readonly [Name in keyof Choices]: Choices[Name] | undefined };

/**
 * @returns undefined where an answer was not given
 * @throws CONFIG_INVALID where something is missing, and there is nobody to ask
 */
async function complete(given: Given, { terminal }: Io): Promise<Choices | undefined> {
  const missing = Object.entries(given).flatMap(([flag, value]) => (value === undefined ? [`--${flag}`] : []));
  if (missing.length > 0 && terminal?.hasKeys !== true)
    throw new StuntdoubleError(
      "CONFIG_INVALID",
      `${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} missing, and there is no terminal on which to ask, as in: stuntdouble init --use simulate --provider openai --gateway none`,
    );
  const use = given.use ?? (await choose(terminal, "What do you want to do?", uses));
  if (use === undefined) return undefined;
  const labels = Object.fromEntries(Object.entries(providers).map(([name, { label }]) => [name, label]));
  const provider = given.provider ?? nameIn(providers, await choose(terminal, "Which provider?", labels));
  if (provider === undefined) return undefined;
  const gateway = given.gateway ?? (await choose(terminal, "Which gateway stands in front of it?", gateways));
  return gateway === undefined ? undefined : { use, provider, gateway };
}

function nameIn<Name extends string>(of: Readonly<Record<Name, unknown>>, word: string | undefined): Name | undefined {
  return word !== undefined && isChoice(of, word) ? word : undefined;
}

/** Asks until the response is a number or a name of the list; the first one is the default. */
async function choose<Name extends string>(
  terminal: Terminal | undefined,
  title: string,
  of: Readonly<Record<Name, string>>,
): Promise<Name | undefined> {
  const names = Object.keys(of);
  const lines = Object.values<string>(of).map((label, at) => `  ${at + 1}  ${label}`);
  const question = `${title}\n${lines.join("\n")}\n1 to ${names.length} [1]: `;
  for (;;) {
    const told = (await terminal?.ask(question))?.trim();
    if (told === undefined) return undefined;
    const word = told === "" ? names[0] : (names[Number(told) - 1] ?? told);
    if (word !== undefined && isChoice(of, word)) return word;
  }
}
