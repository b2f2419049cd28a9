import { describe, expect, test } from "vitest";
import { detokenize, tokenize } from "../../../../../src/core/dialects/vllm/tokenize.ts";
import { jsonOf, open, refusal, scriptOf, type Json } from "../support.ts";

function tokenized(request: object): Json {
  return jsonOf(open(tokenize, request).ask().write(scriptOf([])));
}

test("a prompt is answered with its tokens", () => {
  expect(tokenized({ model: "m", prompt: "Hello world" })).toEqual({
    count: 2,
    max_model_len: expect.any(Number) as number,
    tokens: [13225, 2375],
    token_strs: null,
  });
  expect(tokenized({ prompt: "Hello world", return_token_strs: true })).toMatchObject({
    token_strs: ["Hello", " world"],
  });
  expect(tokenized({ prompt: "" })).toMatchObject({ count: 0, tokens: [] });
});

test.each([
  "Hello world",
  "naïve ☃ 🙂\n\n\ttabs",
  "<|endoftext|>",
  "漢".repeat(1000),
  "a".repeat(100_000),
  "🙂".repeat(5000),
])("a text comes back from its tokens, number %#", (text) => {
  const { tokens } = tokenized({ prompt: text });
  const response = open(detokenize, { model: "m", tokens }).ask().write(scriptOf([]));
  expect((jsonOf(response)["prompt"] as unknown) === text).toBe(true);
});

test("a conversation has tokens for its roles, and for the response to come", () => {
  const messages = [{ role: "user", content: "Hello world" }];
  const whole = Number(tokenized({ messages })["count"]);
  expect(whole).toBeGreaterThan(2);
  expect(Number(tokenized({ messages, add_generation_prompt: false })["count"])).toBeLessThan(whole);
});

type Refused = [what: string, operation: typeof tokenize, request: object, param: string, detail: string];

describe("a request is refused", () => {
  test.each<Refused>([
    ["without a prompt", tokenize, {}, "prompt", "missing_required_parameter"],
    ["with a list for a prompt", tokenize, { prompt: ["a"] }, "prompt", "invalid_type"],
    ["with a wrong message", tokenize, { messages: [{}] }, "messages[0].role", "missing_required_parameter"],
    ["with an endless prompt", tokenize, { prompt: "a".repeat(400_001) }, "prompt", "string_above_max_length"],
    ["without tokens", detokenize, {}, "tokens", "missing_required_parameter"],
    ["with a text for a token", detokenize, { tokens: ["a"] }, "tokens[0]", "invalid_type"],
    ["with a token that there is not", detokenize, { tokens: [1, 300_000] }, "tokens[1]", "invalid_value"],
    ["with a fraction", detokenize, { tokens: [1.5] }, "tokens[0]", "invalid_value"],
  ])("%s", (...[, operation, request, param, detail]) => {
    expect(refusal(() => open(operation, request).ask())).toMatchObject({ code: "BODY_INVALID", param, detail });
  });
});
