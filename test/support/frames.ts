import { LateFrame } from "../../src/core/late-frame.ts";
import type { Frame, Plan } from "../../src/core/types.ts";

/** A plan whose frames are all there. */
export type MadePlan = Omit<Plan, "frames"> & { readonly frames: readonly Frame[] };

/** The frames of a plan, the late ones with their texts. */
export function framesOf({ frames }: Plan): Frame[] {
  return frames.map((frame) => (frame instanceof LateFrame ? { ...frame.record() } : frame));
}

/** The plan with the texts of its frames. */
export function made(plan: Plan): MadePlan {
  return { ...plan, frames: framesOf(plan) };
}
