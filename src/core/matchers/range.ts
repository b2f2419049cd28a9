import { z } from "zod";
import type { Call } from "../types.ts";
import type { Condition, Matcher } from "./types.ts";

/** Both bounds belong to it. */
export type Range = { readonly min?: number | undefined; readonly max?: number | undefined };

/** A range of so many things. @param of as in `prompt tokens` */
export function rangeOf(of: string): z.ZodType<Range> {
  const bound = z.int().min(0).optional();
  return z
    .strictObject({ min: bound.describe(`Min ${of}`), max: bound.describe(`Max ${of}`) })
    .check(({ value: range, issues }) => {
      const { min = 0, max = Infinity } = range;
      if (min > max) issues.push({ code: "custom", message: `min ${min} is greater than max ${max}`, input: range });
    });
}

/** How two ranges of the same thing lie to each other. */
export const ranges: Required<Pick<Matcher<Range>, "covers" | "excludes">> = {
  covers: (wide, narrow) => (wide.min ?? 0) <= (narrow.min ?? 0) && (wide.max ?? Infinity) >= (narrow.max ?? Infinity),
  excludes: (one, other) => (one.min ?? 0) > (other.max ?? Infinity) || (other.min ?? 0) > (one.max ?? Infinity),
};

/** A condition that holds where a number is in a range; never, where there is no number. */
export function within(
  name: string,
  { min = 0, max = Infinity }: Range,
  of: (call: Call) => number | undefined,
): Condition {
  return {
    name,
    expected: max === Infinity ? `at least ${min}` : `${min} to ${max}`,
    test(call) {
      const number = of(call);
      return number !== undefined && number >= min && number <= max;
    },
    seen: (call) => String(of(call) ?? "(unknown)"),
  };
}
