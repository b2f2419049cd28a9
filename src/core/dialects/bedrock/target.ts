import { StuntdoubleError } from "../../errors.ts";

/** An id, a name, or an ARN, which may have slashes that are not encoded. */
const modelPath = /^\/model\/(.+)\/([a-z-]+)$/;
const maxModelLength = 2048;

/**
 * What a path asks of a model, as `converse-stream`.
 *
 * @param path without query
 * @returns undefined for a path of another shape
 */
export function methodIn(path: string): string | undefined {
  return modelPath.exec(path)?.[2];
}

/**
 * The model that a target names, decoded: `us.anthropic.claude-sonnet-4-5-20250929-v1:0`, or an ARN.
 *
 * @throws BODY_INVALID when it is not correctly encoded, or too long
 */
export function modelIn(target: string): string {
  const [path = ""] = target.split("?", 1);
  const model = decoded(modelPath.exec(path)?.[1] ?? "");
  if (model !== undefined && model.length <= maxModelLength) return model;
  throw new StuntdoubleError("BODY_INVALID", "The provided model identifier is invalid.", { param: "modelId" });
}

function decoded(name: string): string | undefined {
  try {
    return decodeURIComponent(name);
  } catch {
    return undefined;
  }
}
