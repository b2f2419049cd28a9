import { attempt } from "../../core/errors.ts";
import { promptText, type PromptIndex } from "../../core/simulator/prompt-cache.ts";
import type { PreparedProfile } from "../../core/simulator/profile.ts";
import type { Simulation } from "../../core/simulator/simulate.ts";
import type { Ask } from "../../core/dialects/types.ts";
import type { Call } from "../../core/types.ts";
import type { Clock } from "../../limits/clock.ts";
import type { Engines } from "../../limits/engines.ts";

/** What the simulated models of a node have in common: the batches of their engines, and the prompts that were asked before. */
export type Serving = {
  readonly engines: Engines;
  readonly prompts: PromptIndex;
  readonly clock: Pick<Clock, "now">;
};

/** A call that is to be simulated. */
type Served = {
  readonly call: Call;
  readonly ask: Ask;
  readonly profile: PreparedProfile;
  /** Is given what frees its place in the engine. */
  readonly record: { leaveEngine: (() => void) | undefined };
};

/** Whether other calls matter to how a model serves one. */
export function isServedBeside({ batching, profile }: PreparedProfile): boolean {
  return batching !== undefined || profile.promptCache !== undefined;
}

/** How the model serves a call beside the others of the node. */
export function servedBeside(serving: Serving, served: Served): Pick<Simulation, "cachedTokens" | "enter"> {
  const { profile, record } = served;
  const { batching } = profile;
  const cachedTokens = cachedTokensOf(serving, served);
  if (batching === undefined) return { cachedTokens };
  return {
    cachedTokens,
    enter(arrival) {
      record.leaveEngine?.();
      const { leave, ...service } = serving.engines.enter(profile.profile.name, batching, arrival);
      record.leaveEngine = leave;
      return service;
    },
  };
}

/** How much of the prompt was asked before by the same key; the rest is remembered. */
function cachedTokensOf({ prompts, clock }: Serving, { call, ask, profile }: Served): number {
  const { promptCache } = profile.profile;
  if (promptCache === undefined) return 0;
  const { model, promptTokens: tokens, cacheableTokens = tokens } = ask;
  if (cacheableTokens < promptCache.minTokens) return 0;
  const body = attempt(() => call.facts.body?.());
  if (body === undefined) return 0;
  const prompt = { text: promptText(body), tokens, cacheableTokens, scope: `${model} ${call.keyHash ?? ""}` };
  return prompts.seen(prompt, promptCache, clock.now());
}
