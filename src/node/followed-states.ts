import type { LoopChaos } from "../act/chaos.ts";
import { valueOf, type StateValues } from "../admin/question.ts";
import { forcedBreakers } from "../admin/resources/breakers.ts";
import { readRunning, runningExperiments } from "../admin/resources/experiments.ts";
import { learnedModels, readLearned } from "../admin/resources/learned.ts";
import type { ForcedBreakers } from "../limits/forced-breakers.ts";
import type { LearnedProfiles } from "../limits/learned-profiles.ts";

/** Who has to know of a state that was set. */
type Followers = { readonly chaos: LoopChaos; readonly learned: LearnedProfiles; readonly forced: ForcedBreakers };

/** Tells those of an event loop that follow a state what it is. @param name of the state */
export function follow(name: string, states: StateValues, { chaos, learned, forced }: Followers): void {
  if (name === runningExperiments.name) chaos.set(readRunning(valueOf(states, runningExperiments)));
  if (name === forcedBreakers.name) forced.set(valueOf(states, forcedBreakers));
  if (name === learnedModels.name) learned.set(readLearned(valueOf(states, learnedModels)));
}
