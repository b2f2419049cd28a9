import { StuntdoubleError } from "../../errors.ts";
import type { KnownFacts } from "../../types.ts";
import { decodedQuery } from "./target.ts";
import { openJson } from "./json-body.ts";
import { boundaryIn, createFieldFinder } from "./multipart.ts";

/** Reads what rules may see of a body that cannot be simulated, as that of `/v1/audio/transcriptions`. */
export type FactsReader = {
  /**
   * Looks at a body, or at what has come of it.
   *
   * @returns undefined where more of it must come
   */
  read(bytes: Uint8Array, isWhole: boolean): KnownFacts | undefined;
};

/** Paths whose bodies name no model, and may be very long. */
const withoutModel = /\/(?:files|uploads)(?:\/|$)/;

/** Names the model, for whatever is asked of it. */
const deploymentPath = /^\/openai\/deployments\/([^/]+)\//;

/**
 * Makes the reader of a body by its content type.
 *
 * @param path without its query
 * @returns undefined for a body that names no model
 */
export function factsReader(path: string, contentType: string | undefined): FactsReader | undefined {
  if (contentType === undefined || withoutModel.test(path)) return undefined;
  const [, deployment] = deploymentPath.exec(path) ?? [];
  if (deployment !== undefined) return { read: () => factsOf(decodedQuery(deployment), false) };
  if (/^application\/(?:[\w.-]+\+)?json\b/i.test(contentType)) {
    return { read: (bytes, isWhole) => (isWhole ? factsInJson(bytes) : undefined) };
  }
  const boundary = boundaryIn(contentType);
  if (boundary === undefined) return undefined;
  const finder = createFieldFinder(boundary, "model");
  return {
    read(bytes, isWhole) {
      const found = finder.find(bytes);
      return found === undefined && !isWhole ? undefined : factsOf(found ?? undefined, false);
    },
  };
}

const decoder = new TextDecoder();

function factsInJson(bytes: Uint8Array): KnownFacts {
  try {
    const json = openJson({ bytes, text: () => decoder.decode(bytes) }, ["model", "stream"]);
    return factsOf(json.member("model"), json.member("stream") === true);
  } catch (error) {
    if (error instanceof StuntdoubleError) return factsOf(undefined, false);
    throw error;
  }
}

function factsOf(model: unknown, stream: boolean): KnownFacts {
  return {
    model: typeof model === "string" ? model : undefined,
    stream,
    promptTokens: () => undefined,
    lastUserMessage: () => undefined,
  };
}
