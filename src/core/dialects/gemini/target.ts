import { StuntdoubleError } from "../../errors.ts";
import { queryValue } from "../shared/target.ts";

const maxModelLength = 256;
/** The path of a model, with or without one of its methods; Vertex AI has it below a project and a publisher. */
const modelPath =
  /^\/v1(?:beta1?|alpha)?\/(?:projects\/[^/]+\/locations\/[^/]+\/)?(?:models|tunedModels|publishers\/google\/models|endpoints)\/([^/?:]+?)(?:(?::|%3a)([A-Za-z]+))?$/i;

/**
 * The method that a path calls of a model, as `generateContent`; empty when it names only the model.
 *
 * @param path without query
 * @returns undefined for a path of another shape
 */
export function methodIn(path: string): string | undefined {
  const found = modelPath.exec(path);
  return found === null ? undefined : (found[2] ?? "");
}

/**
 * The model that a target names.
 *
 * @throws BODY_INVALID when its name is not correctly encoded, or too long
 */
export function modelIn(target: string): string {
  const encoded = modelPath.exec(pathOf(target))?.[1] ?? "";
  const model = decoded(encoded);
  if (model !== undefined && model.length <= maxModelLength) return model;
  const message = "* GenerateContentRequest.model: unexpected model name format\n";
  throw new StuntdoubleError("BODY_INVALID", message, { param: "model" });
}

function pathOf(target: string): string {
  const query = target.indexOf("?");
  return query === -1 ? target : target.slice(0, query);
}

function decoded(name: string): string | undefined {
  try {
    return decodeURIComponent(name);
  } catch {
    return undefined;
  }
}

/** Whether a target asks for server-sent events. */
export function wantsEvents(target: string): boolean {
  return (queryValue(target, "alt") ?? queryValue(target, "$alt")) === "sse";
}

/** Whether a target asks for a stream that is a JSON array. */
export function wantsArray(target: string): boolean {
  return methodIn(pathOf(target)) === "streamGenerateContent" && !wantsEvents(target);
}
