import { chat } from "./chat/index.ts";
import { completions } from "./completions/index.ts";
import { embeddings } from "./embeddings/index.ts";
import { quotaHeaders, renderFailure, renderFailureEvent } from "./errors.ts";
import { readStream, readUsage } from "./events.ts";
import { modelAt, models } from "./models.ts";
import { moderations } from "./moderations.ts";
import { inputTokens, responses } from "./responses/index.ts";
import { responseAt } from "./responses/kept.ts";
import type { Dialect } from "../types.ts";
import { detokenize, tokenize } from "../vllm/tokenize.ts";

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
  readStream,
  readUsage,
};
