import { expect, test } from "vitest";
import { knownContextTokens } from "../../../../src/core/context-windows.ts";
import { dialectNamed } from "../../../../src/core/dialects/index.ts";
import type { ContextExcess } from "../../../../src/core/dialects/types.ts";

const long: ContextExcess = {
  operation: "chat",
  model: "gpt-4o",
  promptTokens: 120,
  maxTokens: undefined,
  contextTokens: 100,
};
/** The prompt fits, and its response does not. */
const together = { promptTokens: 80, maxTokens: 30 };

test.each<[dialect: string, changes: Partial<ContextExcess>, message: string]>([
  [
    "openai",
    {},
    "This model's maximum context length is 100 tokens. However, your messages resulted in 120 tokens. Please reduce the length of the messages.",
  ],
  [
    "azure",
    {},
    "This model's maximum context length is 100 tokens. However, your messages resulted in 120 tokens. Please reduce the length of the messages.",
  ],
  [
    "openai",
    { model: "gpt-5" },
    "Input tokens exceed the configured limit of 100 tokens. Your messages resulted in 120 tokens. Please reduce the length of the messages.",
  ],
  [
    "openai",
    together,
    "This model's maximum context length is 100 tokens. However, you requested 110 tokens (80 in the messages, 30 in the completion). Please reduce the length of the messages or completion.",
  ],
  [
    "openai",
    { operation: "responses" },
    "Your input exceeds the context window of this model. Please adjust your input and try again.",
  ],
  [
    "openai",
    { operation: "completions", ...together },
    "This model's maximum context length is 100 tokens, however you requested 110 tokens (80 in your prompt; 30 for the completion). Please reduce your prompt; or completion length.",
  ],
  ["anthropic", { operation: "messages" }, "prompt is too long: 120 tokens > 100 maximum"],
  [
    "anthropic",
    { operation: "messages", model: "claude-3-7-sonnet-20250219", ...together },
    "input length and `max_tokens` exceed context limit: 80 + 30 > 100, decrease input length or `max_tokens` and try again",
  ],
  [
    "gemini",
    { operation: "streamGenerateContent" },
    "The input token count (120) exceeds the maximum number of tokens allowed (100).",
  ],
  [
    "cohere",
    {},
    "too many tokens: size limit exceeded by 20 tokens. Try using shorter or fewer inputs, or setting prompt_truncation='AUTO'.",
  ],
  ["groq", {}, "Please reduce the length of the messages or completion."],
  ["mistral", {}, "Prompt contains 120 tokens, too large for model with 100 maximum context length"],
  [
    "deepseek",
    together,
    "This model's maximum context length is 100 tokens. However, you requested 110 tokens (80 in the messages, 30 in the completion). Please reduce the length of the messages or completion.",
  ],
  [
    "openrouter",
    together,
    'This endpoint\'s maximum context length is 100 tokens. However, you requested about 110 tokens (80 of text input, 30 in the output). Please reduce the length of either one, or use the "middle-out" transform to compress your prompt automatically.',
  ],
  [
    "vllm",
    {},
    "This model's maximum context length is 100 tokens. However, your request has 120 input tokens. Please reduce the length of the input messages. (parameter=input_tokens, value=120)",
  ],
  [
    "vllm",
    together,
    "'max_tokens' or 'max_completion_tokens' is too large: 30. This model's maximum context length is 100 tokens and your request has 80 input tokens (30 > 100 - 80). (parameter=max_tokens, value=30)",
  ],
  ["xai", {}, "This model's maximum prompt length is 100 but the request contains 120 tokens."],
  [
    "together",
    together,
    "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 100. Given: 80 `inputs` tokens and 30 `max_new_tokens`",
  ],
  [
    "lmstudio",
    {},
    "Trying to keep the first 120 tokens when context the overflows. However, the model is loaded with context length of only 100 tokens, which is not enough. Try to load the model with a larger context length, or provide a shorter input",
  ],
])("%s says of %j what the provider says", (name, changes, message) => {
  expect(dialectNamed(name)?.contextExceeded?.({ ...long, ...changes })?.message).toBe(message);
});

test.each<[dialect: string, changes: Partial<ContextExcess>]>([
  ["openai", { model: "o3", ...together }],
  ["openai", { operation: "responses", ...together }],
  ["anthropic", { operation: "messages", model: "claude-sonnet-4-5", ...together }],
  ["gemini", { operation: "generateContent", ...together }],
  ["mistral", together],
])("%s takes %j, which may end before it is full", (name, changes) => {
  expect(dialectNamed(name)?.contextExceeded?.({ ...long, ...changes })).toBeUndefined();
});

test("Ollama leaves out what is too much, and refuses nothing", () => {
  expect(dialectNamed("ollama")?.contextExceeded).toBeUndefined();
});

test.each([
  ["gpt-4", 8192],
  ["gpt-4o-2024-11-20", 128_000],
  ["gpt-5-mini-2025-08-07", 272_000],
  ["gpt-5.3-chat-latest", 128_000],
  ["claude-sonnet-4-5-20250929", 200_000],
  ["claude-opus-4-8", 1_000_000],
  ["gemini-2.5-pro", 1_048_576],
  ["my-own-model", undefined],
])("the window of %s is known: %s", (model, tokens) => {
  expect(knownContextTokens(model)).toBe(tokens);
});
