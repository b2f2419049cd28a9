import { z } from "zod";
import type { ShadowReport } from "../../core/shadow/store.ts";
import type { Verdict } from "../../core/shadow/verdict.ts";
import { describes } from "./describes.ts";

const count = z.int().min(0);
const maybe = z.number().nullable();
const quantiles = z.object({ n: count, p50: maybe, p90: maybe, p95: maybe, p99: maybe });
const ratio = z.object({ p50: maybe, p90: maybe, p95: maybe, p99: maybe });
const sides = z.object({ real: quantiles, simulated: quantiles, ratio }).optional();

/** Real and simulated timing side by side. */
export const shadowReport = describes<ShadowReport>()(
  z.object({
    strata: z.array(
      z.object({
        model: z.string(),
        stream: z.boolean(),
        pairs: count,
        measures: z.object({ ttftMs: sides, gapMs: sides, totalMs: sides, tokens: sides }),
      }),
    ),
  }),
);

const result = z.enum(["match", "differs", "not enough data"]);
const interval = z.object({ low: z.number(), high: z.number() });
const limits = z.object({ low: maybe, high: maybe });
const range = z.object({ from: maybe, below: maybe });
const quantile = {
  quantile: z.number(),
  reference: z.number(),
  candidate: z.number(),
  band: interval,
  ratio: maybe,
  interval: limits,
  noise: limits,
};
const comparison = z
  .object({
    result,
    moreCalls: count.optional(),
    calls: z.object({ reference: count, candidate: count }),
    gates: z.array(z.object({ ...quantile, tolerance: z.number(), result })),
    quantiles: z.array(z.object(quantile)),
    distance: z.object({ value: z.number(), share: maybe }),
    noise: z.object({ limit: maybe, probability: z.number() }),
    ks: z.number(),
  })
  .optional();
const gap = z.object({ n: count, p50: maybe, p95: maybe });

/** Whether the simulation is like the real side. */
export const shadowVerdict = describes<Verdict>()(
  z.object({
    result,
    moreCalls: count.optional().describe("About how many more calls would settle it"),
    isPaired: z.boolean(),
    gates: z.array(z.object({ quantile: z.number(), tolerance: z.number() })),
    period: z.object({ from: z.number(), to: z.number() }).optional(),
    calls: z.object({
      compared: count,
      leftOut: z.object({
        "not mirrored": count.optional(),
        fault: count.optional(),
        "stand-in": count.optional(),
        overridden: count.optional(),
        failed: count.optional(),
        "mirror failed": count.optional(),
      }),
    }),
    strata: z.array(
      z.object({
        model: z.string(),
        stream: z.boolean(),
        promptTokens: range,
        inFlight: range,
        sources: z.object({ reference: z.string(), candidate: z.string() }),
        calls: count,
        decides: z.boolean(),
        result,
        moreCalls: count.optional(),
        measures: z.object({
          ttftMs: comparison,
          gapMs: comparison,
          totalMs: comparison,
          outputTokens: comparison,
        }),
        gaps: z.array(z.object({ from: count, below: count, reference: gap, candidate: gap })),
      }),
    ),
    others: z.object({ strata: count, calls: count }),
  }),
);
