import { attempt, StuntdoubleError } from "../../errors.ts";
import { openJson } from "../shared/json-body.ts";
import type { Opened, OpenRequest, Operation } from "../types.ts";
import { hostedBody, hostedHeaders, hostedMembers } from "./hosted.ts";
import { openCount, openMessage } from "./operations.ts";

/** Where Vertex AI has the models, with what it asks of one behind the colon. */
const modelPath =
  /^\/v1(?:beta1)?\/projects\/[^/]+\/locations\/[^/]+\/publishers\/anthropic\/models\/([^/:?]+)(?::|%3a)(rawPredict|streamRawPredict)$/i;
const route = "/v1/projects/{project}/locations/{location}/publishers/anthropic/models";
/** Stands where a model does; the body names that. */
const counting = "count-tokens";
const version = "vertex-2023-10-16";
const readAhead = ["model", "stream", ...hostedMembers];

const rawPredict = messagesAt("rawPredict", false);
const streamRawPredict = messagesAt("streamRawPredict", true);
const countTokens: Operation = {
  name: "count_tokens",
  method: "POST",
  route: `${route}/${counting}:rawPredict`,
  open({ headers, body, count }) {
    const json = openJson(body, readAhead);
    const named = json.member("model");
    const hosted = { model: typeof named === "string" ? named : "", stream: undefined };
    return openCount(hostedBody(json, hosted), count, hostedHeaders(headers, json, version));
  },
};

/** The operation of a path of Vertex AI. @see https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai */
export function vertexAt(path: string): readonly Operation[] {
  const [, model, method] = modelPath.exec(path) ?? [];
  if (model === undefined || method === undefined) return [];
  if (model === counting) return [countTokens];
  return [method === "rawPredict" ? rawPredict : streamRawPredict];
}

function messagesAt(method: string, stream: boolean): Operation {
  return {
    name: "messages",
    method: "POST",
    route: `${route}/{model}:${method}`,
    modelIn: (target) => attempt(() => modelIn(target)),
    open: ({ target, headers, body, count }: OpenRequest): Opened => {
      const json = openJson(body, readAhead);
      const hosted = hostedBody(json, { model: modelIn(target), stream });
      return openMessage(hosted, count, hostedHeaders(headers, json, version));
    },
  };
}

/** @throws BODY_INVALID when its name is not correctly encoded */
function modelIn(target: string): string {
  const [path = ""] = target.split("?", 1);
  try {
    return decodeURIComponent(modelPath.exec(path)?.[1] ?? "");
  } catch {
    throw new StuntdoubleError("BODY_INVALID", "model: the name is not correctly encoded", { param: "model" });
  }
}
