import { createNdjsonReader, isNdjson } from "../shared/streams/ndjson.ts";
import { embedPrompt, embedTexts } from "./embeddings.ts";
import { renderFailure, renderFailureEvent } from "./errors.ts";
import { createJudge, readUsage } from "./events.ts";
import { chat, generate } from "./generate.ts";
import { members } from "./members.ts";
import { running, show, tags, version, root } from "./models.ts";
import { keepAlive } from "./keep-alive.ts";
import type { Dialect } from "../types.ts";

/** Ollama's own API; its compatible one is the dialect `openai`. @see https://github.com/ollama/ollama/blob/main/docs/api.md */
export const ollama: Dialect = {
  name: "ollama",
  operations: [chat, generate, embedTexts, embedPrompt, tags, show, running, version, root],
  claims: (path) => path.startsWith("/api/"),
  requestIdHeader: "x-request-id",
  // Ollama has no keys itself; its cloud and gateways before it take this header.
  credential: (apiKey) => ["authorization", `Bearer ${apiKey}`],
  failure: renderFailure,
  failureEvent: renderFailureEvent,
  // The server has no quota.
  quotaHeaders: () => [],
  readStream: (contentType) => (isNdjson(contentType) ? createNdjsonReader(createJudge()) : undefined),
  keepAlive,
  readUsage,
  members,
};
