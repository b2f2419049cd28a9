import type { Frame, Plan } from "../../src/core/types.ts";

/** A plan whose frames are all there. */
export type MadePlan = Omit<Plan, "frames" | "letGo"> & { readonly frames: readonly Frame[] };

/** The frames of a plan, those that are made as they are asked for as well. */
export function framesOf({ frames }: Plan): Frame[] {
  return Array.from(frames);
}

/** The plan with its frames, as plain data. */
export function made(plan: Plan): MadePlan {
  const { letGo: _, ...data } = plan;
  return { ...data, frames: framesOf(plan) };
}
