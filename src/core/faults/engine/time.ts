import { z } from "zod";
import { StuntdoubleError } from "../../errors.ts";
import { prepareDistribution, type Prepared } from "../../simulator/distribution.ts";
import { distributionSchema } from "../../simulator/distribution-schema.ts";
import type { Distribution } from "../../types.ts";

/** A time of a fault, in milliseconds: a number, or a distribution of which each call draws its own. */
export type Time = number | Distribution;

/** The schema of a time. @param min the least number of milliseconds */
export function timeFrom(min: number): z.ZodType<Time> {
  return z.union([z.number().int().min(min), distributionSchema], {
    error: "must be a number of milliseconds, or a distribution such as { kind: lognormal, p50: 2000, p99: 9000 }",
  });
}

/** Says whether an option of a fault is a time that must be drawn, by its name and value. */
export function isDistribution(name: string, value: unknown): value is Distribution {
  return typeof value === "object" && value !== null && /^ms$|Ms$/.test(name);
}

/**
 * The milliseconds of a time that has been drawn.
 *
 * @throws INTERNAL where it still is a distribution
 */
export function drawn(time: Time): number {
  if (typeof time === "number") return time;
  throw new StuntdoubleError("INTERNAL", "A time of a fault was not drawn for its call.");
}

/** The least that a time can be, in whole milliseconds. */
export function leastMs(time: Time): number {
  return typeof time === "number" ? time : sampleMs(time, 0);
}

const prepared = new WeakMap<Distribution, Prepared>();

/**
 * The value of a distribution at a draw, in whole milliseconds, at least 1.
 *
 * @param share 0 ≤ x < 1
 */
export function sampleMs(distribution: Distribution, share: number): number {
  let known = prepared.get(distribution);
  if (known === undefined) {
    known = prepareDistribution("time", distribution);
    prepared.set(distribution, known);
  }
  return Math.max(1, Math.round(known.sample(() => share)));
}
