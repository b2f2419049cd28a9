import { LRUCache } from "lru-cache";
import { StuntdoubleError } from "../core/errors.ts";
import { compileGlob, type TextTest } from "../core/glob.ts";
import { bareModel } from "../core/model-names.ts";
import { prepareProfile, type PreparedProfile } from "../core/simulator/profile.ts";
import type { ProfileChoice } from "../core/source.ts";
import type { Profile } from "../core/types.ts";

/** A longer model name is a caller's mistake; remembering it would only cost memory. */
const maxRememberedLength = 200;

/** Finds what was learned of a model at an upstream; undefined where that is not enough. */
export type FindLearned = (upstream: string, model: string) => PreparedProfile | undefined;

/** Finds the latency profile for a model. */
export type ProfileCache = {
  /**
   * The profile that is wanted, where it is there; else the one whose glob matches the model best, else the fallback.
   *
   * @param wanted the name of a profile that a rule or the control header asks for, or an upstream of which it shall be learned
   * @throws BODY_INVALID when there is no profile of the wanted name
   */
  find(model: string, wanted: ProfileChoice | undefined): PreparedProfile;
  /** Look-ups by model served from the cache since it was made. */
  hits(): number;
  /** Look-ups by model that had to compare globs. */
  misses(): number;
};

type CacheOptions = {
  readonly profiles: readonly Profile[];
  readonly fallback: string;
  readonly max: number;
  readonly learned?: FindLearned | undefined;
};

/**
 * Makes a cached look-up from model name to profile: the glob with the longest literal text wins.
 *
 * @param options.fallback name of the profile for models that no glob matches
 * @param options.max model names remembered
 * @param options.learned finds what was learned; where there is nothing yet, the look-up is as if it were not wanted
 * @throws CONFIG_INVALID when a profile does not compile or the fallback is missing
 */
export function createProfileCache(options: CacheOptions): ProfileCache {
  const byName = new Map(options.profiles.map((profile) => [profile.name, prepared(profile)]));
  const fallback = byName.get(options.fallback);
  if (fallback === undefined) {
    throw new StuntdoubleError("CONFIG_INVALID", `There is no profile named ${options.fallback}.`);
  }
  const globs = globsOf(byName.values());
  const matching = (model: string): PreparedProfile | undefined => globs.find(({ matches }) => matches(model))?.profile;
  const cache = new LRUCache<string, PreparedProfile>({ max: options.max });
  let hits = 0;
  let misses = 0;
  return {
    find(model, wanted) {
      if (typeof wanted === "object") {
        const learned = options.learned?.(wanted.learn, model);
        if (learned !== undefined) return learned;
      } else if (wanted !== undefined) {
        const named = byName.get(wanted);
        if (named === undefined) throw new StuntdoubleError("BODY_INVALID", `There is no profile named ${wanted}.`);
        return named;
      }
      const known = cache.get(model);
      if (known !== undefined) {
        hits += 1;
        return known;
      }
      misses += 1;
      const found = matching(model) ?? matching(bareModel(model)) ?? fallback;
      if (model.length <= maxRememberedLength) cache.set(model, found);
      return found;
    },
    hits: () => hits,
    misses: () => misses,
  };
}

function prepared(profile: Profile): PreparedProfile {
  try {
    return prepareProfile(profile);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StuntdoubleError("CONFIG_INVALID", `Profile ${profile.name}: ${reason}.`, { cause });
  }
}

/** All globs, the one with the longest literal text first. */
function globsOf(
  profiles: Iterable<PreparedProfile>,
): { matches: TextTest; literal: number; profile: PreparedProfile }[] {
  const globs = [...profiles].flatMap((profile) =>
    profile.profile.models.map((glob) => ({
      matches: compileGlob(glob),
      literal: glob.replaceAll("*", "").length + (glob.includes("*") ? 0 : 1),
      profile,
    })),
  );
  return globs.sort((a, b) => b.literal - a.literal);
}
