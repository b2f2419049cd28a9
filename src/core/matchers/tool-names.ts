import { z } from "zod";
import { compileGlob } from "../glob.ts";
import { shown } from "./conditions.ts";
import type { Matcher } from "./types.ts";
import { glob } from "./values.ts";

/** Asks for tools that the request offers. */
export const toolNames: Matcher<string | string[]> = {
  name: "toolNames",
  summary: "Glob of the name of a tool that the request offers, or an array of globs, each of which must match one",
  value: z.union([glob, z.array(glob).min(1)], { error: "must be a glob or an array of globs" }),
  compile: (patterns) =>
    (typeof patterns === "string" ? [patterns] : patterns).map((pattern) => {
      const matches = compileGlob(pattern);
      return {
        name: "toolNames",
        expected: shown(pattern),
        test: (call) => call.facts.conversation?.()?.toolNames.some(matches) === true,
        seen: (call) => shown(call.facts.conversation?.()?.toolNames.join(", ")),
      };
    }),
};
