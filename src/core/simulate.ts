import { planTiming } from "./latency.ts";
import { pickOutputTokens, type PreparedProfile } from "./profile.ts";
import { createRng } from "./rng.ts";
import { makeText } from "./text.ts";
import type { Plan, Rng, Timing, Wishes } from "./types.ts";
import type { Ask } from "./wire/types.ts";

/** One call to be simulated. The same `seed` and `ask` give the same lengths, times and text. */
export type Simulation = {
  readonly ask: Ask;
  readonly profile: PreparedProfile;
  readonly wishes: Wishes;
  readonly seed: number;
  /** Calls in flight on this node, this one included. */
  readonly inFlight: number;
};

/**
 * The whole simulated answer, described in advance.
 *
 * @param callId unique per call; ids inside the answer derive from it
 * @param nowSeconds seconds since 1970, for the answer's `created`
 */
export function simulate(simulation: Simulation, callId: string, nowSeconds: number): Plan {
  const rng = createRng(simulation.seed);
  const { outputTokens, timing } = drawAnswer(simulation, rng);
  const finish = simulation.ask.maxTokens !== undefined && outputTokens >= simulation.ask.maxTokens ? "length" : "stop";
  const { tokens, text } = makeText(rng, outputTokens);
  return simulation.ask.write({ id: callId, createdSeconds: nowSeconds, timing, tokens, text, finish, rng });
}

/** When the simulated answer would leave, without making it: the mirror of a real call. */
export function simulateTiming(simulation: Simulation): Timing {
  return drawAnswer(simulation, createRng(simulation.seed)).timing;
}

function drawAnswer({ ask, profile, wishes, inFlight }: Simulation, rng: Rng) {
  const outputTokens =
    ask.maxTokens === 0 ? 0 : limited(wishes.outputTokens ?? pickOutputTokens(profile, rng), ask.maxTokens);
  const timing = planTiming({ profile, promptTokens: ask.promptTokens, outputTokens, inFlight, rng, wishes });
  return { outputTokens, timing };
}

function limited(tokens: number, most: number | undefined): number {
  return most === undefined ? tokens : Math.min(tokens, most);
}
