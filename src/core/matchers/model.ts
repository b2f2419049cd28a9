import { z } from "zod";
import { globs } from "./conditions.ts";
import type { Matcher } from "./types.ts";
import { glob } from "./values.ts";

/** Asks for a model. */
export const model: Matcher<string | string[]> = {
  name: "model",
  summary: "Glob of the model name, or an array of globs",
  value: z.union([glob, z.array(glob).min(1)], { error: "must be a glob or an array of globs" }),
  compile: (patterns) => [
    globs("model", typeof patterns === "string" ? [patterns] : patterns, (call) => call.facts.model),
  ],
};
