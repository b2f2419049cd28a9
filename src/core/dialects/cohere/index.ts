import type { HeaderMap } from "../../types.ts";
import { createNdjsonReader } from "../shared/streams/ndjson.ts";
import { createSseReader, isEventStream } from "../shared/streams/sse.ts";
import type { Dialect } from "../types.ts";
import { chatV1 } from "./chat-v1.ts";
import { chat } from "./chat.ts";
import { contextExceeded } from "./context.ts";
import { embedV1, embedV2 } from "./embeddings.ts";
import { renderFailure, renderFailureEvent } from "./errors.ts";
import { createLineJudge, judge, readUsage } from "./events.ts";
import { keepAlive } from "./keep-alive.ts";
import { members } from "./members.ts";
import { checkApiKey, detokenize, modelAt, models, tokenize } from "./models.ts";
import { rerankV1, rerankV2 } from "./rerank.ts";

/** Cohere's API, in its second version and what clients use of the first. @see https://docs.cohere.com/reference/about */
export const cohere: Dialect = {
  name: "cohere",
  operations: [chat, chatV1, embedV2, embedV1, rerankV2, rerankV1, models, tokenize, detokenize, checkApiKey],
  operationsAt: modelAt,
  shared: { operations: [models], claims: (path) => path.startsWith("/v2/") },
  claims: (path, headers) => path.startsWith("/v2/") || isItsClient(headers),
  requestIdHeader: "x-debug-trace-id",
  credential: (apiKey) => ["authorization", `Bearer ${apiKey}`],
  failure: renderFailure,
  failureEvent: renderFailureEvent,
  quotaHeaders: () => [],
  readStream(contentType) {
    if (isEventStream(contentType)) return createSseReader(judge);
    return contentType.startsWith("application/stream+json") ? createNdjsonReader(createLineJudge()) : undefined;
  },
  keepAlive,
  readUsage,
  members,
  contextExceeded,
};

/** The provider's clients say who they are; by that its list of models is told from those of other APIs. */
function isItsClient(headers: HeaderMap): boolean {
  const name = headers["x-fern-sdk-name"] ?? headers["user-agent"];
  return typeof name === "string" && name.startsWith("cohere");
}
