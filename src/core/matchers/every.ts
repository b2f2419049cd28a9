import { z } from "zod";
import type { Call } from "../types.ts";
import type { Matcher } from "./types.ts";

/** Takes each so-manieth call, counted over the event loops of a node. */
export const every: Matcher<number> = {
  name: "every",
  summary:
    "Takes one call in so many: with 10 the tenth, the twentieth and so on of the calls that meet the conditions above",
  value: z.int().min(1).max(1_000_000),
  isOwn: true,
  passesAll: (number) => number === 1,
  // Each rule counts by itself, so no rule takes what another one takes.
  covers: () => false,
  compile(number, { name: rule }) {
    const nth = (call: Call): number => call.state?.nth(`every ${rule}`, undefined) ?? 1;
    return [
      {
        name: "every",
        expected: `a multiple of ${number}`,
        test: (call) => nth(call) % number === 0,
        seen: (call) => String(nth(call)),
      },
    ];
  },
};
