import { readChoice, readObject, refuse } from "./check.ts";
import type { JsonObject } from "./json-body.ts";

const reasoningModel = /^(?:.*\/)?(?:o\d|gpt-5(?!.*chat)|gpt-oss|codex)/;
const proseModel = /^(?:gpt-3\.5|gpt-4|chatgpt-)/;

/** How much of an answer's tokens is reasoning. No source gives these: they are guesses that order the efforts. */
const shares = { none: 0, minimal: 0.05, low: 0.2, medium: 0.5, high: 0.7, xhigh: 0.8, max: 0.85 } as const;
const efforts = Object.keys(shares) as (keyof typeof shares)[];
const summaries = ["auto", "concise", "detailed"] as const;

/** What a request asks of the reasoning before an answer. */
export type Reasoning = {
  readonly effort: keyof typeof shares | null;
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
  const given = readObject(body, "reasoning") ?? {};
  const effort = readChoice(given, "effort", efforts, "reasoning.") ?? null;
  const summary =
    readChoice(given, "summary", summaries, "reasoning.") ??
    readChoice(given, "generate_summary", summaries, "reasoning.") ??
    null;
  if (effort !== null && proseModel.test(model)) {
    refuse(
      "reasoning.effort",
      "unsupported_parameter",
      "Unsupported parameter: 'reasoning.effort' is not supported with this model.",
    );
  }
  if (reasoningModel.test(model)) return { effort: effort ?? "medium", summary, share: shares[effort ?? "medium"] };
  return { effort, summary, share: effort === null ? 0 : shares[effort] };
}
