import { z } from "zod";
import type { Distribution } from "../types.ts";
import { prepareDistribution } from "./distribution.ts";

const amount = z.number().min(0);

const lognormal = z.strictObject({ p50: amount, p99: amount });

/** A distribution as it is written in profiles and in faults. */
export const distributionSchema: z.ZodType<Distribution> = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("constant"), value: amount }),
    z.strictObject({ kind: z.literal("uniform"), min: amount, max: amount }),
    z.strictObject({ kind: z.literal("lognormal"), p50: amount, p99: amount, shift: amount.optional() }),
    z.strictObject({ kind: z.literal("gamma"), mean: amount, shape: amount }),
    z.strictObject({ kind: z.literal("mixture"), share: amount.max(1), first: lognormal, second: lognormal }),
    z.strictObject({ kind: z.literal("quantiles"), table: z.array(z.tuple([amount.max(1), amount])).min(2) }),
  ])
  .check(({ value, issues }) => {
    try {
      prepareDistribution("", value);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const { place, message } = placeIn(error.message);
      issues.push({ code: "custom", message, path: [...place], input: value });
    }
  });

/** Where in a distribution an error of its preparation belongs: `.p99 must be …`, `.table[1] must have …`. */
function placeIn(text: string): { place: readonly (string | number)[]; message: string } {
  const [where = ""] = /^[\w.[\]]+/.exec(text) ?? [];
  const place = [...where.matchAll(/\w+/g)].map(([step]) => (/^\d+$/.test(step) ? Number(step) : step));
  return { place, message: text.slice(where.length).trim() };
}
