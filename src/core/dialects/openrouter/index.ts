import { chat } from "../openai/chat/index.ts";
import { openaiCompatible } from "../openai/compatible.ts";
import { completions } from "../openai/completions/index.ts";
import { embeddings } from "../openai/embeddings/index.ts";
import { models } from "../openai/models.ts";

/**
 * OpenRouter's API.
 *
 * @see https://openrouter.ai/docs/api-reference/streaming for the comment and `X-Generation-Id`,
 *   https://openrouter.ai/docs/api/reference/errors-and-debugging for errors,
 *   https://openrouter.ai/docs/use-cases/usage-accounting for the usage that every stream tells
 */
export const openrouter = openaiCompatible({
  name: "openrouter",
  paths: { prefix: "/api", operations: [chat, completions, embeddings, models] },
  quirks: {
    requestIdHeader: "x-generation-id",
    idPrefix: "gen-",
    comment: "OPENROUTER PROCESSING",
    streaming: { includeUsage: true, obfuscate: false },
    errors: {
      members: ["code", "message"],
      inStream: { choices: [{ index: 0, delta: { content: "" }, finish_reason: "error" }] },
    },
    quotaHeaders: false,
  },
});
