import { z } from "zod";

const time = z.iso.datetime();
/** The state of a circuit breaker. */
export const breakerState = z.enum(["closed", "open", "half-open"]);
const forcedState = z.enum(["open", "closed"]);
const change = {
  state: breakerState,
  why: z.enum(["calls", "another node", "forced", "released", "time is up"]),
  by: z.string().optional(),
};

/** The longest that a breaker can be forced at once, in milliseconds. */
const maxForcedMs = 86_400_000;

/** What a breaker is to be forced to. */
export const forcing = z.strictObject({
  state: forcedState,
  forMs: z.int().min(1000).max(maxForcedMs).describe("How long, in milliseconds"),
});

/** A breaker that is forced. */
export const forcedBreaker = z.object({
  upstream: z.string(),
  state: forcedState,
  since: time,
  until: time,
  by: z.string().describe("Who asked for it"),
});

/** The breakers that are forced, by upstream, as the status has them. */
export const forcedBreakers = z.record(z.string(), z.object({ state: forcedState, until: time }));

/** The circuit breakers of a node. */
export const breakerList = z.object({
  breakers: z.array(
    z.object({
      upstream: z.string(),
      state: breakerState,
      forced: forcedBreaker.optional(),
      changes: z.array(z.object({ at: time, ...change })).describe("The latest changes, the oldest first"),
    }),
  ),
});

/** A breaker of an upstream as the live stream has it; times are milliseconds since 1970. */
export const liveBreaker = {
  breaker: breakerState.optional(),
  forced: z
    .object({ upstream: z.string(), state: forcedState, sinceMs: z.number(), untilMs: z.number(), by: z.string() })
    .optional(),
  changes: z.array(z.object({ atMs: z.number(), ...change })).describe("The latest changes, the oldest first"),
};

/** A breaker that was released. */
export const releasedBreaker = z.object({ upstream: z.string(), state: z.literal("closed") });
