import { compile } from "../../config/compile.ts";
import type { Settings } from "../../config/load.ts";
import { sharesByRule } from "../../config/shares.ts";
import type { ConditionTrace, RuleTrace } from "../../core/decide.ts";
import type { ExperimentDefinition } from "../../core/experiments/definition.ts";
import type { ExperimentTrace, StageTrace } from "../../core/experiments/explain.ts";
import type { FaultDraw } from "../../core/types.ts";
import { arrivalOf } from "./arrival.ts";
import { forecast, type Forecast } from "./forecast.ts";
import { nearestMissOf, type NearestMiss } from "./nearest-miss.ts";
import type { DescribedRequest } from "./request-file.ts";

/** A forecast, and what helps to understand it. */
export type Explanation = Forecast & {
  /** How many calls the rule that decides really gets; undefined where that is all that meet its conditions. */
  readonly share: string | undefined;
  /** Undefined where a rule has matched. */
  readonly nearestMiss: NearestMiss | undefined;
};

/**
 * Tells what would happen to a request, and why.
 *
 * @param experiments default: those of the configuration
 * @throws CONFIG_INVALID for a request to which a server gives no response
 */
export async function explainRequest(
  request: DescribedRequest,
  settings: Settings,
  experiments: readonly ExperimentDefinition[] = settings.config.experiments,
): Promise<Explanation> {
  const snapshot = compile(settings);
  const told = forecast(request, await arrivalOf(request, snapshot), { snapshot, experiments });
  const share = sharesByRule(settings.config).get(told.decision?.rule ?? "");
  return { ...told, share, nearestMiss: nearestMissOf(told.rules) };
}

/** An explanation in lines, for a person. */
export function explanationText(told: Explanation): string {
  const { request, rules, experiments, decision, happens, response, notes, share, nearestMiss } = told;
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
  if (nearestMiss !== undefined) lines.push(missLine(nearestMiss), "");
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

function missLine({ rule, passed, conditions, failed }: NearestMiss): string {
  return `nearest miss: rule ${rule}, ${passed} of ${conditions} conditions hold before ${failed} fails`;
}
