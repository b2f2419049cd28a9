import { field, refuse } from "./check.ts";
import { read } from "../shared/fields.ts";
import type { JsonObject } from "../shared/json-body.ts";

/** Names of the models that reason before they answer, with or without the name of a provider before them. */
const reasoningModels = /^(?:[\w.-]+\/)?(?:o[134](?:$|-)|gpt-5|gpt-oss|codex)/;
const chatModels = /-chat(?:$|-)/;
/** Models that are known not to. */
const proseModels = /^(?:gpt-3\.5|gpt-4|chatgpt-)/;

/** Says whether a model reasons: `o1`, `o3`, `o4` and `gpt-5` and their kin, but those made for chat. */
export function isReasoning(model: string): boolean {
  return reasoningModels.test(model) && !chatModels.test(model);
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
 * @returns 0 to 1; 0 for a model that does not reason
 * @throws BODY_INVALID when the effort is none that is known
 */
export function reasoningShare(model: string, body: JsonObject): number {
  const effort = read(body, members.reasoningEffort) ?? "medium";
  return isReasoning(model) ? shares[effort] : 0;
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
