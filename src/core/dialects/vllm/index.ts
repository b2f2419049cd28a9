import { chat } from "../openai/chat/index.ts";
import { openaiCompatible } from "../openai/compatible.ts";
import { completions } from "../openai/completions/index.ts";
import { embeddings } from "../openai/embeddings/index.ts";
import { models } from "../openai/models.ts";
import { detokenize, tokenize } from "./tokenize.ts";

/**
 * vLLM's server, started with `--root-path /vllm`: without a prefix its paths are OpenAI's own, and nothing in a
 * request tells the two apart.
 *
 * @see vLLM, entrypoints/openai/protocol.py: ErrorInfo, ChatCompletionResponse, ChatCompletionStreamResponse;
 *   serving_engine.py: create_error_response; entrypoints/serve/utils/server_utils.py: AuthenticationMiddleware for 401,
 *   XRequestIdMiddleware
 */
export const vllm = openaiCompatible({
  name: "vllm",
  paths: { prefix: "/vllm", operations: [chat, completions, embeddings, models, tokenize, detokenize] },
  quirks: {
    end: { kv_transfer_params: null },
    streaming: { obfuscate: false },
    errors: {
      members: ["message", "type", "param", "code"],
      types: { 400: "BadRequestError", 404: "NotFoundError", 500: "InternalServerError" },
      bodies: { 401: { error: "Unauthorized" } },
    },
    quotaHeaders: false,
  },
});
