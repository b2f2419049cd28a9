import path from "node:path";
import { defaultConfig } from "../config/default.ts";
import { fileExists, formatErrors, settingsOf } from "../config/load.ts";
import type { ExperimentDefinition } from "../core/experiments/definition.ts";
import { StuntdoubleError } from "../core/errors.ts";
import { explainRequest, explanationText } from "../node/explain/explain.ts";
import { readRequest } from "../node/explain/request-file.ts";
import { createAdminClient, type AdminClient } from "./admin-client.ts";
import { parseFlags, type Io, type Command } from "./args.ts";
import { exitCodes } from "./exit-codes.ts";
import { isOver } from "./experiment-text.ts";
import { readConfig, type NamedConfig } from "./config-source.ts";

const usage = `Shows what would happen to one request: each rule, each condition, pass or fail, and the decision.

  stuntdouble explain --request FILE [--config FILE] [--admin URL] [--json]

  --request FILE   JSON: { method, path, headers, body }, or the body of a chat completion alone
  --config FILE    configuration, a file or the URL of a store; ./stuntdouble.yaml where it stands, else the built-in default
  --admin URL      also tells what the experiments would do that run on this node, instead of those of the configuration
  --token-env      environment variable with the token of its admin API; default: STUNTDOUBLE_ADMIN_TOKEN
  --json           the same as one JSON object

Nothing is sent. Percentages, of rules and of faults, show the number that was drawn: the same request draws the same number
wherever it goes. Where percentages are used, it is said how many calls the rule and its faults really get. Of each experiment of
the configuration it is said what its stages would do to the request while it runs, and why.

Exit codes: 0 explained, 1 the node refused or cannot be reached, 2 errors in the configuration or the request file

Examples
  stuntdouble explain --config stuntdouble.yaml --request request.json
  echo '{"model":"gpt-4o","messages":[]}' > body.json && stuntdouble explain --request body.json --json
`;

const flagKinds = {
  config: "string",
  request: "string",
  admin: "string",
  "token-env": "string",
  json: "boolean",
} as const;

const ordinaryFile = "stuntdouble.yaml";

/** `stuntdouble explain` */
export const explainCommand: Command = {
  name: "explain",
  summary: "show what would happen to one request, and why",
  usage,
  async run(args, io) {
    const flags = parseFlags(args, flagKinds);
    if (flags.request === undefined) throw new StuntdoubleError("CONFIG_INVALID", "--request FILE is missing.");
    const request = await readRequest(path.resolve(io.cwd, flags.request));
    const file = flags.config ?? ((await fileExists(path.join(io.cwd, ordinaryFile))) ? ordinaryFile : undefined);
    const loaded = await load(file, io);
    if (!loaded.ok) {
      io.err(`${formatErrors(loaded.shown, loaded.errors)}\n`);
      return exitCodes.invalid;
    }
    const experiments = flags.admin === undefined ? undefined : await runningOn(createAdminClient(flags, io.env));
    const explained = await explainRequest(request, loaded.settings, experiments);
    io.out(flags.json === true ? `${JSON.stringify(explained, undefined, 2)}\n` : explanationText(explained));
    return exitCodes.good;
  },
};

/** The experiments that run on a node, or look at their baseline, in the order of their start. */
async function runningOn(client: AdminClient): Promise<readonly ExperimentDefinition[]> {
  const { experiments } = await client.experiments();
  const running = experiments.filter((run) => !isOver(run)).toReversed();
  return await Promise.all(running.map(async ({ id }) => (await client.experiment(id)).definition));
}

async function load(file: string | undefined, io: Io): Promise<NamedConfig> {
  if (file !== undefined) return await readConfig(file, { env: io.env, generation: 1 }, io);
  const settings = await settingsOf(defaultConfig(), io.env);
  return { ok: true, settings, warnings: [], files: [], shown: "configuration" };
}
