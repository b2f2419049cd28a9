import { chat } from "../openai/chat/index.ts";
import { openaiCompatible } from "../openai/compatible.ts";
import { completions } from "../openai/completions/index.ts";
import { embeddings } from "../openai/embeddings/index.ts";
import { models } from "../openai/models.ts";
import { responseId } from "../openai/text.ts";
import type { ContextExcess } from "../types.ts";

const idPrefix = "gen-";
/** Whose model it was; the stand-in does not know, and says so. */
const provider = "Stuntdouble";

/** @see refly#1177, Risuai#307 */
function contextExceeded({ operation, promptTokens, maxTokens = 0, contextTokens }: ContextExcess) {
  if (operation === "embeddings") return undefined;
  const output = maxTokens === 0 ? "" : `, ${maxTokens} in the output`;
  const requested = `However, you requested about ${promptTokens + maxTokens} tokens (${promptTokens} of text input${output}).`;
  const advice = `Please reduce the length of either one, or use the "middle-out" transform to compress your prompt automatically.`;
  return { message: `This endpoint's maximum context length is ${contextTokens} tokens. ${requested} ${advice}` };
}

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
    idPrefix,
    comment: "OPENROUTER PROCESSING",
    streaming: { includeUsage: true, obfuscate: false },
    // @see https://openrouter.ai/docs/use-cases/reasoning-tokens; the stand-in costs nothing
    chat: {
      made: `,"provider":${JSON.stringify(provider)}`,
      reasoning: "reasoning",
      usage: () => `,"cost":0`,
    },
    errors: {
      members: ["code", "message"],
      inStream: ({ requestId, model, nowMs = 0 }) => ({
        id: responseId(idPrefix, requestId),
        object: "chat.completion.chunk",
        created: Math.floor(nowMs / 1000),
        model,
        provider,
        choices: [{ index: 0, delta: { content: "" }, finish_reason: "error" }],
      }),
    },
    quotaHeaders: false,
    contextExceeded,
  },
});
