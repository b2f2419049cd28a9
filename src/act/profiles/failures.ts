import type { Runtime } from "../types.ts";
import { draw } from "../../core/rng.ts";
import type { Profile } from "../../core/simulator/types.ts";
import type { Call, Decision, FaultConfig } from "../../core/types.ts";

/** A failure up to which draws make it, 0 ≤ x < 1. */
type Drawn = { readonly below: number; readonly fault: FaultConfig };

const known = new WeakMap<Profile, readonly Drawn[]>();

/**
 * The decision with the failure that the profile of a simulated call draws for it, where its rule lets it have some.
 *
 * One draw by request id decides, so that no call has two and each kind has its share; the faults of the rule come after it.
 */
export function withFailures(
  decision: Decision,
  call: Call,
  { profiles, snapshot }: Pick<Runtime, "profiles" | "snapshot">,
): Decision {
  const { serve, simulator } = decision;
  if (simulator?.failures !== true || serve.from !== "simulator") return decision;
  const { profile } = profiles.find(call.facts.model ?? "", serve.profile);
  const drawn = drawnOf(profile);
  if (drawn.length === 0) return decision;
  const at = draw(snapshot.seed, `failures of the profile ${profile.name}`, call.id);
  const found = drawn.find(({ below }) => at < below);
  return found === undefined ? decision : { ...decision, faults: [found.fault, ...decision.faults] };
}

function drawnOf(profile: Profile): readonly Drawn[] {
  const before = known.get(profile);
  if (before !== undefined) return before;
  let below = 0;
  const made = (profile.failures ?? []).map(({ percentage, ...fault }): Drawn => {
    below += percentage / 100;
    return { below, fault };
  });
  known.set(profile, made);
  return made;
}
