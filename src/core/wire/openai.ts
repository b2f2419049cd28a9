import { chat } from "./openai-chat.ts";
import { completions } from "./openai-completions.ts";
import { embeddings } from "./openai-embeddings.ts";
import { quotaHeaders, renderFailure, renderFailureEvent } from "./openai-errors.ts";
import { judge, readUsage } from "./openai-events.ts";
import { modelAt, models } from "./openai-models.ts";
import { moderations } from "./openai-moderations.ts";
import { inputTokens, responses } from "./openai-responses.ts";
import { responseAt } from "./openai-responses-kept.ts";
import { createSseReader, isEventStream } from "./sse.ts";
import type { Dialect } from "./types.ts";
import { detokenize, tokenize } from "./vllm-tokenize.ts";

/** The OpenAI API. @see https://platform.openai.com/docs/api-reference */
export const openai: Dialect = {
  name: "openai",
  operations: [chat, completions, responses, inputTokens, embeddings, moderations, models, tokenize, detokenize],
  operationsAt: (path) => [...modelAt(path), ...responseAt(path)],
  requestIdHeader: "x-request-id",
  credential: (apiKey) => ["authorization", `Bearer ${apiKey}`],
  failure: renderFailure,
  failureEvent: renderFailureEvent,
  quotaHeaders,
  readStream: (contentType) => (isEventStream(contentType) ? createSseReader(judge) : undefined),
  readUsage,
};
