import { readWord } from "./check.ts";
import type { JsonObject } from "./json-body.ts";

/** Names of the models that reason before they answer, with or without the name of a provider before them. */
const reasoningModels = /^(?:[\w.-]+\/)?(?:o[134](?:$|-)|gpt-5)/;
const chatModels = /-chat(?:$|-)/;

/** Says whether a model reasons: `o1`, `o3`, `o4` and `gpt-5` and their kin, but those made for chat. */
export function isReasoning(model: string): boolean {
  return reasoningModels.test(model) && !chatModels.test(model);
}

/** Which share of the output tokens is reasoning. An assumption: the provider tells no more than their order. */
const shares = { none: 0, minimal: 0.05, low: 0.25, medium: 0.5, high: 0.75, xhigh: 0.85, max: 0.9 };

type Effort = keyof typeof shares;

const efforts = Object.keys(shares) as readonly Effort[];

/**
 * The share of the output tokens that a model spends on reasoning.
 *
 * @param param name of the effort in the request
 * @returns 0 to 1; 0 for a model that does not reason
 * @throws BODY_INVALID when the effort is none that is known
 */
export function reasoningShare(model: string, body: JsonObject, param: string): number {
  const effort = readWord(body, param, efforts) ?? "medium";
  return isReasoning(model) ? shares[effort] : 0;
}
