import { attempt } from "../../errors.ts";
import { batchEmbedContents, embedContent } from "./embeddings.ts";
import { renderFailure, renderFailureEvent } from "./errors.ts";
import { createJudge, readUsage } from "./events.ts";
import { countTokens, generateContent, streamGenerateContent } from "./generate.ts";
import { members } from "./members.ts";
import { getModel, listModels } from "./models.ts";
import { methodIn, modelIn, wantsArray } from "./target.ts";
import { createArrayReader, elementOf } from "../shared/streams/json-array.ts";
import { createSseReader, dataOf, isEventStream } from "../shared/streams/sse.ts";
import { keepAlive } from "./keep-alive.ts";
import type { Dialect, Operation } from "../types.ts";
import { contextExceeded } from "./context.ts";

/** The methods of a model; the empty one describes it. */
const methods: ReadonlyMap<string, readonly Operation[]> = new Map([
  ["", [named(getModel)]],
  ["generateContent", [named(generateContent)]],
  ["streamGenerateContent", [named(streamGenerateContent)]],
  ["countTokens", [named(countTokens)]],
  ["embedContent", [named(embedContent)]],
  ["batchEmbedContents", [named(batchEmbedContents)]],
]);

function named(operation: Operation): Operation {
  return { ...operation, modelIn: (target) => attempt(() => modelIn(target)) };
}

/** Paths that no other API has. */
const ownPath = /^\/(?:v1beta|v1alpha)\/|^\/ws\/google\.|\/publishers\/google\//;

/** The Gemini API. @see https://ai.google.dev/api */
export const gemini: Dialect = {
  name: "gemini",
  operations: [listModels, { ...listModels, route: "/v1/models" }],
  operationsAt: (path) => methods.get(methodIn(path) ?? "none") ?? [],
  claims: (path, headers) => ownPath.test(path) || Boolean(methodIn(path)) || headers["x-goog-api-key"] !== undefined,
  keyParameter: "key",
  requestIdHeader: "x-request-id",
  credential: (apiKey) => ["x-goog-api-key", apiKey],
  failure: renderFailure,
  failureEvent: renderFailureEvent,
  // The provider tells nobody what is left.
  quotaHeaders: () => [],
  readStream(contentType, target = "") {
    if (isEventStream(contentType)) return createSseReader(createJudge(dataOf));
    if (!contentType.startsWith("application/json") || !wantsArray(target)) return undefined;
    return createArrayReader(createJudge(elementOf));
  },
  keepAlive,
  readUsage,
  members,
  contextExceeded,
};
