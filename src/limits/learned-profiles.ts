import { maxModels, otherModel } from "../core/model-names.ts";
import type { LearnedModel } from "../core/learning/profile.ts";
import { prepareProfile, type PreparedProfile } from "../core/simulator/profile.ts";
import type { FindLearned } from "./profile-cache.ts";

/** What was learned, as one event loop has it. */
export type LearnedProfiles = {
  /** Takes the place of what was learned before. */
  set(models: readonly LearnedModel[]): void;
  readonly find: FindLearned;
};

type Known = { readonly learned: LearnedModel; prepared: PreparedProfile | undefined };

/** Makes what finds learned profiles; each is prepared when it is first asked for. */
export function createLearnedProfiles(): LearnedProfiles {
  let upstreams: ReadonlyMap<string, ReadonlyMap<string, Known>> = new Map();
  return {
    set(models) {
      const groups = Map.groupBy(models, ({ upstream }) => upstream);
      upstreams = new Map([...groups].map(([upstream, group]) => [upstream, byModel(group)]));
    },
    find(upstream, model) {
      const known = upstreams.get(upstream);
      if (known === undefined) return undefined;
      // Only once there are too many models are some not told apart.
      const found = known.get(model) ?? (known.size > maxModels ? known.get(otherModel) : undefined);
      if (found?.learned.profile === undefined) return undefined;
      return (found.prepared ??= prepareProfile(found.learned.profile));
    },
  };
}

function byModel(models: readonly LearnedModel[]): Map<string, Known> {
  return new Map(models.map((learned) => [learned.model, { learned, prepared: undefined }]));
}
