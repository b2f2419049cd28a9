import { globs } from "./conditions.ts";
import type { Matcher } from "./types.ts";
import { glob } from "./values.ts";

/** Asks to which call of a tool the result belongs that the model is to go on from. */
export const toolCallId: Matcher<string> = {
  name: "toolCallId",
  summary: "Glob of the id of a tool call, where the last message is its result",
  value: glob,
  compile: (pattern) => [globs("toolCallId", [pattern], (call) => call.facts.conversation?.()?.lastResult?.id)],
};
