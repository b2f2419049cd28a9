import { globCovers, globsExclude } from "../glob.ts";
import { globs } from "./conditions.ts";
import type { Matcher } from "./types.ts";
import { glob } from "./values.ts";

/** Asks for the configured name of the caller's API key. */
export const key: Matcher<string> = {
  name: "key",
  summary: "Glob of the name of the caller's API key, as in `auth.keys`",
  value: glob,
  covers: globCovers,
  excludes: globsExclude,
  compile: (pattern) => [globs("key", [pattern], (call) => call.keyName)],
};
