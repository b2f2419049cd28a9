import { chat } from "../openai/chat/index.ts";
import { openaiCompatible } from "../openai/compatible.ts";
import { completions } from "../openai/completions/index.ts";
import { models } from "../openai/models.ts";

/** What its server calls the causes of errors. @see tonic, Code::description; LinguaGacha#159 for the first */
const codes: Readonly<Record<number, string>> = {
  400: "Client specified an invalid argument",
  401: "The request does not have valid authentication credentials",
  403: "The caller does not have permission to execute the specified operation",
  404: "Some requested entity was not found",
  429: "Some resource has been exhausted",
  503: "The service is currently unavailable",
  504: "Deadline expired before operation could complete",
};

/** xAI's API, whose errors are a code and a text. @see https://docs.x.ai/docs/api-reference; cline#3120 for long prompts */
export const xai = openaiCompatible({
  name: "xai",
  paths: { prefix: "/xai", native: "", operations: [chat, completions, models] },
  quirks: {
    streaming: { includeUsage: true, obfuscate: false },
    // @see https://docs.x.ai/docs/guides/reasoning, `SamplingUsage` of the package xai-sdk
    chat: { reasoning: "reasoning_content", usage: () => `,"num_sources_used":0` },
    errors: {
      members: ["message"],
      body: (error, { status }) => ({
        code: codes[status] ?? (status < 500 ? codes[400] : "Internal error"),
        error: "message" in error ? error.message : "",
      }),
    },
    contextExceeded: ({ promptTokens, contextTokens }) =>
      promptTokens <= contextTokens
        ? undefined
        : {
            message: `This model's maximum prompt length is ${contextTokens} but the request contains ${promptTokens} tokens.`,
          },
  },
});
