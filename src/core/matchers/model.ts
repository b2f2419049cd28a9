import { z } from "zod";
import { globCovers, globsExclude } from "../glob.ts";
import { globs } from "./conditions.ts";
import type { Matcher } from "./types.ts";
import { glob } from "./values.ts";

/** Asks for a model. */
export const model: Matcher<string | string[]> = {
  name: "model",
  summary: "Glob of the model name, or an array of globs; never true for a request that names none, such as a batch",
  value: z.union([glob, z.array(glob).min(1)], { error: "must be a glob or an array of globs" }),
  covers: (wide, narrow) => listOf(narrow).every((each) => listOf(wide).some((pattern) => globCovers(pattern, each))),
  excludes: (one, other) => listOf(one).every((each) => listOf(other).every((pattern) => globsExclude(pattern, each))),
  compile: (patterns) => [globs("model", listOf(patterns), (call) => call.facts.model)],
};

function listOf(patterns: string | readonly string[]): readonly string[] {
  return typeof patterns === "string" ? [patterns] : patterns;
}
