import path from "node:path";
import { compile } from "../config/compile.ts";
import { defaultConfig } from "../config/default.ts";
import { fileExists, formatErrors, settingsOf } from "../config/load.ts";
import type { ConditionTrace, RuleTrace } from "../core/decide.ts";
import { sharesByRule } from "../config/shares.ts";
import type { ExperimentDefinition } from "../core/experiments/definition.ts";
import type { ExperimentTrace, StageTrace } from "../core/experiments/explain.ts";
import type { FaultDraw } from "../core/types.ts";
import { StuntdoubleError } from "../core/errors.ts";
import { createAdminClient, type AdminClient } from "./admin-client.ts";
import { parseFlags, type Io, type Command } from "./args.ts";
import { arrivalOf } from "./arrival.ts";
import { isOver } from "./experiment-text.ts";
import { readConfig, type NamedConfig } from "./config-source.ts";
import { forecast, type Forecast } from "./forecast.ts";
import { readRequest } from "./request-file.ts";

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
      return 2;
    }
    const snapshot = compile(loaded.settings);
    const experiments =
      flags.admin === undefined
        ? loaded.settings.config.experiments
        : await runningOn(createAdminClient(flags, io.env));
    const told = forecast(request, await arrivalOf(request, snapshot), { snapshot, experiments });
    const share = sharesByRule(loaded.settings.config).get(told.decision?.rule ?? "");
    io.out(flags.json === true ? `${JSON.stringify({ ...told, share }, undefined, 2)}\n` : render(told, share));
    return 0;
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

function render(told: Forecast, share: string | undefined): string {
  const { request, rules, experiments, decision, happens, response, notes } = told;
  const { id, method, route, operation, model, stream, upgrade, promptTokens, key } = request;
  const facts = [
    `request id ${id ?? "none"}`,
    ...(upgrade ? ["WebSocket"] : []),
    `operation ${operation ?? "none"}`,
    `model ${model ?? "none"}`,
    `stream ${stream ? "yes" : "no"}`,
    `prompt tokens ${promptTokens ?? "unknown"}`,
    ...(key === undefined ? [] : [`key ${key}`]),
  ];
  const lines = [`${method} ${route}`, `  ${facts.join(", ")}`, "", ...rules.flatMap(ruleLines)];
  lines.push(
    decision === undefined ? "refused" : `decided by ${decision.rule}`,
    ...(share === undefined ? [] : [`  ${share}`]),
    ...(decision?.faultDraws ?? []).map(drawLine),
    ...happens.map((sentence) => `  ${sentence}`),
    ...(response.status === undefined ? [] : [`  status ${response.status}`]),
    ...Object.entries(response.headers).map(([name, value]) => `  header ${name}: ${value}`),
  );
  lines.push(...experiments.flatMap(experimentLines));
  if (notes.length > 0) lines.push("", ...notes.map((note) => `note: ${note}`));
  return `${lines.join("\n")}\n`;
}

function drawLine({ kind, percentage, draw, acts }: FaultDraw): string {
  const result = acts ? "acts" : "does not act";
  return `  fault ${kind} ${result}: ${draw.toFixed(6)} (wanted a draw below ${percentage / 100})`;
}

/** Experiments are no part of the decision: they come to it while they run. */
function experimentLines({ experiment, inScope, conditions, draw, stages }: ExperimentTrace): string[] {
  const scope = inScope ? "in scope" : "not in scope";
  const lines = ["", `experiment ${experiment}: ${scope}`, ...conditions.map(conditionLine)];
  return inScope ? [...lines, ...stages.flatMap((stage) => stageLines(stage, draw))] : lines;
}

function stageLines({ stage, percentage, isDrawn, serve, faults }: StageTrace, draw: number): string[] {
  const result = isDrawn ? "affects this call" : "does not affect this call";
  return [
    `  stage ${stage} ${result}: ${draw.toFixed(6)} (wanted a draw below ${percentage / 100})`,
    ...(serve === undefined ? [] : [`    serve ${serve}, ${percentage} % of the calls in scope`]),
    ...faults.map(
      ({ kind, percentage: share, acts }) =>
        `    fault ${kind} ${acts ? "acts" : "does not act"}, ${Number(share.toPrecision(4))} % of the calls in scope`,
    ),
  ];
}

function ruleLines({ rule, result, conditions }: RuleTrace): string[] {
  const none = conditions.length === 0 ? ["  no conditions: every call matches"] : [];
  return [`rule ${rule}: ${result}`, ...none, ...conditions.map(conditionLine), ""];
}

function conditionLine({ name, expected, result, seen }: ConditionTrace): string {
  const had = seen === undefined ? "" : `: ${seen}`;
  return `  ${result.padEnd(11)} ${name}${had} (wanted ${expected})`;
}
