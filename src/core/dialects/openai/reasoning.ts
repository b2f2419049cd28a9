import { StuntdoubleError } from "../../errors.ts";
import { field, refuse } from "./check.ts";
import { read } from "../shared/fields.ts";
import { isObject, type JsonObject } from "../shared/json-body.ts";
import type { AskSettings } from "../types.ts";

/** Names of the models that reason before they response, with or without the name of a provider before them. */
const reasoningModels = /^(?:[\w.-]+\/)?(?:o[134](?:$|-)|gpt-5|gpt-oss|codex)/;
const chatModels = /-chat(?:$|-)/;
/** Models that are known not to. */
const proseModels = /^(?:gpt-3\.5|gpt-4|chatgpt-)/;

/** Says whether a model reasons: `o1`, `o3`, `o4` and `gpt-5` and their kin, but those made for chat. */
export function isReasoning(model: string): boolean {
  return reasoningModels.test(model) && !chatModels.test(model);
}

/** Models of others that reason unasked. */
const othersReasoning =
  /(?:^|[/-])(?:deepseek-r\d|r1|qwq|magistral|grok-3-mini)(?:$|[-:.])|-(?:reasoner|reasoning|thinking)(?:$|[-:])/i;

/** Models that let a text be sampled otherwise while they do not reason, which is what they do unasked. */
const optionalReasoning = /^(?:[\w.-]+\/)?gpt-5\.\d/;
const openModels = /gpt-oss/;

/** Whether the provider takes no settings of sampling for a model. @param effort that is asked of its reasoning */
function isFixed(model: string, effort: unknown): boolean {
  if (!isReasoning(model) || openModels.test(model)) return false;
  const asked = effort !== undefined && effort !== null && effort !== "none";
  return asked || !optionalReasoning.test(model);
}

/** Models that do not name the value that they would take. */
const withoutDefaults = /o3-mini/;

/**
 * Refuses the settings of sampling that a model does not take while it reasons; each may say what holds anyway.
 *
 * @throws BODY_INVALID
 * @see qwen-code#921 and RA.Aid#70 for the temperature, LunaTranslator#1842 for `top_p`, nextai-translator#1781 for penalties,
 *   deepeval#2184 for logprobs
 */
export function checkChatSampling(body: JsonObject, model: string): void {
  if (!isFixed(model, body["reasoning_effort"])) return;
  const { temperature } = body;
  if (typeof temperature === "number" && temperature !== 1 && !withoutDefaults.test(model)) {
    const only = "Only the default (1) value is supported.";
    const problem = `Unsupported value: 'temperature' does not support ${temperature} with this model. ${only}`;
    refuse("temperature", "unsupported_value", problem);
  }
  for (const [name, usual] of fixed) refuseUnlike(body, name, { usual, detail: "unsupported_parameter" });
  if (body["logprobs"] !== true) return;
  throw new StuntdoubleError("BODY_INVALID", "You are not allowed to request logprobs from this model", {
    detail: null,
    status: 403,
  });
}

const fixed = [
  ["temperature", 1],
  ["top_p", 1],
  ["presence_penalty", 0],
  ["frequency_penalty", 0],
] as const;

type Usual = { readonly usual: number; readonly detail: string | null };

function refuseUnlike(body: JsonObject, name: string, { usual, detail }: Usual): void {
  const value = body[name];
  if (typeof value !== "number" || value === usual) return;
  const problem = `Unsupported parameter: '${name}' is not supported with this model.`;
  throw new StuntdoubleError("BODY_INVALID", problem, { param: name, detail });
}

/**
 * The same for the Responses API.
 *
 * @param logprobs they are asked for
 * @throws BODY_INVALID
 * @see software-agent-sdk#1837 and #992 for the temperature, vllm#23319 for logprobs
 */
export function checkResponseSampling(body: JsonObject, model: string, logprobs: boolean): void {
  const { reasoning } = body;
  if (!isFixed(model, isObject(reasoning) ? reasoning["effort"] : undefined)) return;
  for (const name of ["temperature", "top_p"]) refuseUnlike(body, name, { usual: 1, detail: null });
  if (logprobs) refuse("include", "unsupported_parameter", "logprobs are not supported with reasoning models.");
}

/** Which share of the output tokens is reasoning. An assumption: the provider tells no more than their order. */
const shares = { none: 0, minimal: 0.05, low: 0.25, medium: 0.5, high: 0.75, xhigh: 0.85, max: 0.9 };

type Effort = keyof typeof shares;

const efforts: readonly Effort[] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];
const summaries = ["auto", "concise", "detailed"] as const;

const members = {
  reasoningEffort: field.word("reasoning_effort", efforts),
  reasoning: field.object("reasoning"),
  effort: field.word("effort", efforts),
  summary: field.word("summary", summaries),
  generateSummary: field.word("generate_summary", summaries),
};

/**
 * The share of the output tokens that a model spends on reasoning, by `reasoning_effort` of a chat request.
 *
 * @param compatible the API has models of others
 * @returns 0 to 1; 0 for a model that does not reason
 * @throws BODY_INVALID when the effort is none that is known
 */
export function reasoningShare(model: string, body: JsonObject, { compatible }: AskSettings): number {
  const effort = read(body, members.reasoningEffort) ?? "medium";
  const reasons = isReasoning(model) || (compatible === true && othersReasoning.test(model));
  return reasons ? shares[effort] : 0;
}

/** What a request asks of the reasoning before a response. */
export type Reasoning = {
  readonly effort: Effort | null;
  readonly summary: (typeof summaries)[number] | null;
  /** Share of the tokens that are reasoning, 0 to 1. */
  readonly share: number;
};

/**
 * Reads `reasoning` of a request: a model known for reasoning does it unasked, an unknown one when an effort is given.
 *
 * @throws BODY_INVALID for a model that is known not to reason
 */
export function readReasoning(body: JsonObject, model: string): Reasoning {
  const given = read(body, members.reasoning) ?? {};
  const effort = read(given, members.effort, "reasoning") ?? null;
  const summary =
    read(given, members.summary, "reasoning") ?? read(given, members.generateSummary, "reasoning") ?? null;
  if (effort !== null && proseModels.test(model)) {
    refuse(
      "reasoning.effort",
      "unsupported_parameter",
      "Unsupported parameter: 'reasoning.effort' is not supported with this model.",
    );
  }
  if (isReasoning(model)) return { effort: effort ?? "medium", summary, share: shares[effort ?? "medium"] };
  return { effort, summary, share: effort === null ? 0 : shares[effort] };
}
