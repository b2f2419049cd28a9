import { createNdjsonReader, isNdjson } from "./ndjson.ts";
import { embedPrompt, embedTexts } from "./ollama-embed.ts";
import { renderFailure, renderFailureEvent } from "./ollama-errors.ts";
import { createJudge, readUsage } from "./ollama-events.ts";
import { chat, generate } from "./ollama-generate.ts";
import { running, show, tags, version } from "./ollama-models.ts";
import type { Dialect } from "./types.ts";

/** Ollama's own API; its compatible one is the dialect `openai`. @see https://github.com/ollama/ollama/blob/main/docs/api.md */
export const ollama: Dialect = {
  name: "ollama",
  operations: [chat, generate, embedTexts, embedPrompt, tags, show, running, version],
  claims: (path) => path.startsWith("/api/"),
  requestIdHeader: "x-request-id",
  // Ollama has no keys itself; its cloud and gateways before it take this header.
  credential: (apiKey) => ["authorization", `Bearer ${apiKey}`],
  failure: renderFailure,
  failureEvent: renderFailureEvent,
  // The server has no quota.
  quotaHeaders: () => [],
  readStream: (contentType) => (isNdjson(contentType) ? createNdjsonReader(createJudge()) : undefined),
  readUsage,
};
