import { z } from "zod";
import { shown } from "./conditions.ts";
import type { Matcher } from "./types.ts";

/** Asks whether the model is to go on from the result of a tool. */
export const hasToolResult: Matcher<boolean> = {
  name: "hasToolResult",
  summary: "Whether the result of a tool stands after the last words of the user",
  value: z.boolean(),
  excludes: (one, other) => one !== other,
  compile: (wanted) => [
    {
      name: "hasToolResult",
      expected: shown(wanted),
      test: (call) => call.facts.conversation?.()?.hasToolResult === wanted,
      seen: (call) => shown(call.facts.conversation?.()?.hasToolResult),
    },
  ],
};
