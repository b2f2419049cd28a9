import { globCovers, globsExclude } from "../glob.ts";
import { globs } from "./conditions.ts";
import type { Matcher } from "./types.ts";
import { glob } from "./values.ts";

/** Asks for a path. */
export const route: Matcher<string> = {
  name: "route",
  summary: "Glob of the path, without the query",
  value: glob,
  passesAll: (pattern) => pattern === "*",
  covers: globCovers,
  excludes: globsExclude,
  compile: (pattern) => [globs("route", [pattern], (call) => call.route)],
};
