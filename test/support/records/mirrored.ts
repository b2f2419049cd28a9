import type { CallTiming, TrafficRecord } from "../../../src/core/records/types.ts";
import { createRng, type Rng } from "../../../src/core/rng.ts";

/** How one side of calls is timed: medians in milliseconds, and how far their logarithms spread. */
export type Speed = { readonly ttftMs?: number; readonly gapMs?: number; readonly spread?: number };

/** A standard normal value, by Box and Muller. */
export function normal(rng: Rng): number {
  return Math.sqrt(-2 * Math.log(1 - rng())) * Math.cos(2 * Math.PI * rng());
}

/** Times of one stream, as drawn from lognormal distributions. */
function anyTiming(rng: Rng, { ttftMs = 400, gapMs = 20, spread = 0.4 }: Speed = {}, gaps = 20): CallTiming {
  const first = ttftMs * Math.exp(spread * normal(rng));
  const gapsMs = Array.from({ length: gaps }, () => gapMs * Math.exp(spread * normal(rng)));
  const totalMs = gapsMs.reduce((sum, gap) => sum + gap, first);
  return { ttftMs: first, gapsMs, totalMs, outputTokens: gaps + 1 };
}

/** A record of a forwarded call that was mirrored by the simulator. */
export function mirroredRecord(changes: Partial<TrafficRecord> = {}): TrafficRecord {
  const timing = { ttftMs: 100, totalMs: 120, outputTokens: 3, gapsMs: [10, 10] };
  return {
    time: 1_800_000_000_000,
    id: "r",
    model: "gpt-4o",
    stream: true,
    rule: "watched",
    mode: "real",
    upstream: "openai",
    profile: "fast",
    status: 200,
    ending: "finish",
    promptTokens: 100,
    inFlight: 1,
    queueMs: 0,
    actual: timing,
    mirror: { ...timing, from: "simulator", name: "fast" },
    ...changes,
  };
}

/** Many of them, whose sides are drawn independently. */
export function anyMirrored(
  count: number,
  { seed = 1, real = {}, simulated = {} }: { seed?: number; real?: Speed; simulated?: Speed } = {},
): TrafficRecord[] {
  const rng = createRng(seed);
  return Array.from({ length: count }, (_, at) =>
    mirroredRecord({
      id: `r${at}`,
      time: 1_800_000_000_000 + at * 1000,
      actual: anyTiming(rng, real),
      mirror: { ...anyTiming(rng, simulated), from: "simulator", name: "fast" },
    }),
  );
}
