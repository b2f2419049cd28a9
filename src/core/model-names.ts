/** Models that are told apart where something is kept of each: a caller can name as many as it likes. */
export const maxModels = 20;
/** What stands for all other models. */
export const otherModel = "_other";

/** Under which name something of a model is kept: its own, or, once there are too many, that of all others. */
export function keptName(kept: { has(model: string): boolean; readonly size: number }, model: string): string {
  return kept.has(model) || kept.size < maxModels ? model : otherModel;
}
