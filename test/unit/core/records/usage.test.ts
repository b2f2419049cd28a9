import { expect, test } from "vitest";
import { newNotes, noteUsage } from "../../../../src/core/records/notes.ts";
import { usageIn } from "../../../../src/core/records/usage.ts";

test.for([
  {
    name: "OpenAI's chat",
    response: {
      choices: [{ message: { content: 'said "usage": {"prompt_tokens": 5}' } }],
      usage: {
        prompt_tokens: 1200,
        completion_tokens: 40,
        total_tokens: 1240,
        prompt_tokens_details: { cached_tokens: 1024, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 12 },
      },
    },
    usage: { promptTokens: 1200, cachedTokens: 1024, outputTokens: 40 },
  },
  {
    name: "the Responses API",
    response: {
      output: [],
      usage: { input_tokens: 75, input_tokens_details: { cached_tokens: 64 }, output_tokens: 9, total_tokens: 84 },
    },
    usage: { promptTokens: 75, cachedTokens: 64, outputTokens: 9 },
  },
  {
    name: "Anthropic, whose input tokens are those that no cache gave",
    response: {
      usage: { input_tokens: 20, cache_creation_input_tokens: 100, cache_read_input_tokens: 2000, output_tokens: 7 },
    },
    usage: { promptTokens: 2120, cachedTokens: 2000, writtenTokens: 100, outputTokens: 7 },
  },
  {
    name: "Bedrock, whose input tokens are those that no cache gave",
    response: {
      usage: {
        inputTokens: 20,
        outputTokens: 7,
        totalTokens: 2127,
        cacheReadInputTokens: 2000,
        cacheWriteInputTokens: 100,
      },
    },
    usage: { promptTokens: 2120, cachedTokens: 2000, writtenTokens: 100, outputTokens: 7 },
  },
  {
    name: "Gemini, whose thoughts are output, too",
    response: {
      usageMetadata: {
        promptTokenCount: 300,
        cachedContentTokenCount: 256,
        candidatesTokenCount: 10,
        thoughtsTokenCount: 30,
      },
    },
    usage: { promptTokens: 300, cachedTokens: 256, outputTokens: 40 },
  },
  {
    name: "Ollama",
    response: { done: true, prompt_eval_count: 26, prompt_eval_duration: 130, eval_count: 259 },
    usage: { promptTokens: 26, cachedTokens: undefined, outputTokens: 259 },
  },
  {
    name: "DeepSeek",
    response: { usage: { prompt_tokens: 100, completion_tokens: 1, prompt_cache_hit_tokens: 64 } },
    usage: { promptTokens: 100, cachedTokens: 64, outputTokens: 1 },
  },
])("the usage of $name is read", ({ response, usage }) => {
  expect([usageIn(JSON.stringify(response)), usageIn(JSON.stringify(response, undefined, 2))]).toEqual([usage, usage]);
});

test.for(["", "{}", '{"usage":null}', '{"choices":[{"delta":{"content":"the \\"usage\\" of it"}}]}', "data: [DONE]"])(
  "a text without a usage has none: %s",
  (text) => {
    expect(usageIn(text)).toBeUndefined();
  },
);

test("what the events of one stream tell is put together", () => {
  const notes = newNotes(1);
  noteUsage(notes, 'data: {"type":"message_start","message":{"usage":{"input_tokens":12,"output_tokens":1}}}');
  noteUsage(notes, 'data: {"type":"ping"}');
  noteUsage(notes, 'data: {"type":"message_delta","usage":{"output_tokens":35}}');
  expect(notes.usage).toEqual({ promptTokens: 12, cachedTokens: undefined, outputTokens: 35 });
});
