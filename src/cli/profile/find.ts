import { existsSync } from "node:fs";
import path from "node:path";
import { formatErrors } from "../../config/places.ts";
import { loadProfile, loadProfiles, shippedProfiles } from "../../config/profiles.ts";
import { StuntdoubleError } from "../../core/errors.ts";
import { nearestOf } from "../../core/issues.ts";
import type { Profile } from "../../core/simulator/types.ts";
import type { Io } from "../args.ts";

/**
 * The profile of a file, or the shipped one of a name.
 *
 * @throws CONFIG_INVALID naming every error of the file, or the name that is nearest
 */
export async function findProfile(named: string, { cwd }: Io): Promise<Profile> {
  const file = path.resolve(cwd, named);
  if (existsSync(file) || /[/\\]|\.ya?ml$/.test(named)) {
    const { profile, errors } = await loadProfile(file);
    if (profile !== undefined) return profile;
    throw new StuntdoubleError("CONFIG_INVALID", formatErrors(named, errors.map(withoutFile)));
  }
  const { profiles } = await loadProfiles(shippedProfiles);
  const found = profiles.find(({ name }) => name === named);
  if (found !== undefined) return found;
  const nearest = nearestOf(
    named,
    profiles.map(({ name }) => name),
  );
  const meant = nearest === undefined ? "" : ` Did you mean ${nearest}?`;
  throw new StuntdoubleError("CONFIG_INVALID", `there is no shipped profile and no file named ${named}.${meant}`);
}

/** An error as it is told of a file that the reader has named himself. */
export function withoutFile<Told extends { readonly file?: string | undefined }>({ file: _file, ...told }: Told) {
  return told;
}
