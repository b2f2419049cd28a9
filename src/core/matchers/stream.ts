import { z } from "zod";
import { equals } from "./conditions.ts";
import type { Matcher } from "./types.ts";

/** Asks whether the caller wants a stream. */
export const stream: Matcher<boolean> = {
  name: "stream",
  summary: "Whether the request asks for a stream",
  value: z.boolean(),
  excludes: (one, other) => one !== other,
  compile: (wanted) => [equals("stream", wanted, (call) => call.facts.stream)],
};
