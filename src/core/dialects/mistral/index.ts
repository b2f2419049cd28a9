import { chat } from "../openai/chat/index.ts";
import { openaiCompatible } from "../openai/compatible.ts";
import { embeddings } from "../openai/embeddings/index.ts";
import { models } from "./models.ts";
import { withOwnWords } from "./requests.ts";

/** Types and codes of errors, as users report them. */
const types: Readonly<Record<number, string>> = { 403: "tier_not_allowed", 404: "invalid_model", 429: "rate_limited" };
const codes: Readonly<Record<number, string>> = { 403: "1910", 404: "1500", 429: "1300" };

/** Mistral's API, whose errors are no member of an object but the object itself. @see https://docs.mistral.ai/api */
export const mistral = openaiCompatible({
  name: "mistral",
  paths: { prefix: "/mistral", native: "", operations: [withOwnWords(chat), embeddings, models] },
  quirks: {
    // @see `EmbeddingResponse` of the package mistralai
    vectorsHaveId: true,
    streaming: { includeUsage: true, obfuscate: false },
    // @see `CompletionChunk` of the package mistralai, whose calls of tools need their names; opik#7385 for calls in one chunk
    chat: { usageInFinish: true, callsWhole: true },
    errors: {
      members: ["message", "type", "param", "code"],
      type: ({ status }, openais) => types[status] ?? openais,
      code: ({ status }) => codes[status] ?? null,
      body: (error, { status }) => ({ object: "error", ...error, raw_status_code: status }),
      bodies: { 401: { detail: "Unauthorized" } },
    },
    quotaHeaders: false,
    // As clients know it that react to it, such as earendil-works/pi.
    contextExceeded: ({ promptTokens, contextTokens }) =>
      promptTokens <= contextTokens
        ? undefined
        : {
            message: `Prompt contains ${promptTokens} tokens, too large for model with ${contextTokens} maximum context length`,
          },
  },
});
