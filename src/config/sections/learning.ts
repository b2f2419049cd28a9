import { z } from "zod";

/** Which latency profile the simulator takes. */
export const profileChoice = z
  .union(
    [
      z.string(),
      z.strictObject({
        learn: z
          .string()
          .describe("Name of an upstream: its timing is learned, by model, from the calls that are forwarded to it"),
      }),
    ],
    { error: "must be the name of a profile, or an object such as { learn: openai }" },
  )
  .describe(
    "Latency profile of the simulator, also where it is a mirror or stands in for an upstream: its name, or `{ learn: UPSTREAM }` for one that is learned. Default, and until enough is learned: the one for the model",
  );

/** How profiles are learned. */
export const learning = z
  .strictObject({
    halfLifeMs: z
      .int()
      .min(1000)
      .default(3_600_000)
      .describe("Age at which a call counts half as much as the newest one, in milliseconds"),
    minCalls: z
      .int()
      .min(20)
      .max(1000)
      .default(100)
      .describe(
        "Streams, each counted by its age, that must have been forwarded before the learned profile of a model is used",
      ),
    refreshMs: z
      .int()
      .min(100)
      .default(10_000)
      .describe("How often profiles are made anew from what has been forwarded, in milliseconds"),
    file: z
      .string()
      .min(1)
      .optional()
      .describe(
        "File in which what was learned is kept across restarts, relative to this file; default: it is forgotten with the process",
      ),
  })
  .prefault({})
  .describe("How the timing of upstreams is learned, where a `profile` is `{ learn: UPSTREAM }`");

type Choosing = { readonly profile?: z.output<typeof profileChoice> | undefined };
type Ruled = { readonly rules: readonly Choosing[]; readonly default: Choosing };

/** The upstreams of which some rule wants the timing to be learned. */
export function learnedUpstreams({ rules, default: fallback }: Ruled): string[] {
  const names = [...rules, fallback].flatMap(({ profile }) => (typeof profile === "object" ? profile.learn : []));
  return [...new Set(names)];
}
