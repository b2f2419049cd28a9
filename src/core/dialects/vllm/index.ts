import { chat } from "../openai/chat/index.ts";
import { openaiCompatible } from "../openai/compatible.ts";
import { completions } from "../openai/completions/index.ts";
import { embeddings } from "../openai/embeddings/index.ts";
import { models } from "../openai/models.ts";
import { vllmProbes } from "../openai/probes.ts";
import type { ContextExcess, Failure } from "../types.ts";
import { detokenize, tokenize } from "./tokenize.ts";

/** Of its own errors; any other has the words of its status. */
const types: Readonly<Record<number, string>> = {
  400: "BadRequestError",
  404: "NotFoundError",
  422: "UnprocessableEntityError",
  500: "InternalServerError",
  501: "NotImplementedError",
};
const words: Readonly<Record<number, string>> = {
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Request Entity Too Large",
  429: "Too Many Requests",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** A path that it does not have is told in other words than a model. */
function typeOf({ status, code, param }: Failure): string {
  const isPath = code === "NOT_FOUND" && param !== "model";
  const own = isPath ? undefined : types[status];
  return own ?? words[status] ?? (status < 500 ? "BadRequestError" : "InternalServerError");
}

/** @see vLLM, VLLMValidationError of the checks on the length of an input, which names the parameter in the message, too */
function contextExceeded({ operation, promptTokens, maxTokens = 0, contextTokens }: ContextExcess) {
  if (operation !== "chat" && operation !== "completions") return undefined;
  const maximum = `This model's maximum context length is ${contextTokens} tokens`;
  if (promptTokens >= contextTokens) {
    const message = `${maximum}. However, your request has ${promptTokens} input tokens. Please reduce the length of the input messages.`;
    return { message: `${message} (parameter=input_tokens, value=${promptTokens})`, param: "input_tokens" };
  }
  const sum = `${maxTokens} > ${contextTokens} - ${promptTokens}`;
  const message = `'max_tokens' or 'max_completion_tokens' is too large: ${maxTokens}. ${maximum} and your request has ${promptTokens} input tokens (${sum}).`;
  return { message: `${message} (parameter=max_tokens, value=${maxTokens})`, param: "max_tokens" };
}

/**
 * vLLM's server, started with `--root-path /vllm`. Without a prefix its paths are OpenAI's own, and nothing in a request
 * tells the two apart: they are vLLM's where an upstream is.
 *
 * @see vLLM, entrypoints/openai/chat_completion/protocol.py: ChatCompletionResponse, ChatCompletionStreamResponse;
 *   entrypoints/serve/exception_handling: create_error_response, http_exception_handler;
 *   entrypoints/serve/middleware: AuthenticationMiddleware for 401, XRequestIdMiddleware
 */
export const vllm = openaiCompatible({
  name: "vllm",
  paths: {
    prefix: "/vllm",
    native: "",
    operations: [chat, completions, embeddings, models, tokenize, detokenize, ...vllmProbes],
  },
  quirks: {
    end: { kv_transfer_params: null },
    streaming: { obfuscate: false },
    // @see vLLM 0.11, ChatMessage and DeltaMessage
    chat: { reasoning: "reasoning_content" },
    errors: {
      members: ["message", "type", "param", "code"],
      type: typeOf,
      bodies: { 401: { error: "Unauthorized" } },
    },
    quotaHeaders: false,
    contextExceeded,
  },
});
