/** Models that are told apart where something is kept of each: a caller can name as many as it likes. */
export const maxModels = 20;
/** What stands for all other models. */
export const otherModel = "_other";

/** Under which name something of a model is kept: its own, or, once there are too many, that of all others. */
export function keptName(kept: { has(model: string): boolean; readonly size: number }, model: string): string {
  return kept.has(model) || kept.size < maxModels ? model : otherModel;
}

/** A model's id at Amazon Bedrock: of a region or a profile, of its maker, with a version. */
const hostedId = /^(?:arn:[^/]*\/)?(?:[a-z-]+\.)?(?:anthropic|deepseek|openai)\.(.+?)(?:-v\d+(?::\d+)?|-\d+:\d+)?$/;

/** The name that its maker gives a model, where it is known by another one at a host; else the name itself. */
export function bareModel(model: string): string {
  return hostedId.exec(model)?.[1] ?? model;
}
