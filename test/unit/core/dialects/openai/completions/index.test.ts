import { describe, expect, test } from "vitest";
import { completions } from "../../../../../../src/core/dialects/openai/completions/index.ts";
import { bodyOf } from "../../../../../support/chat-stream.ts";
import { chunksOf, jsonOf, open, refusal, scriptOf, textsOf, wordOf } from "../../support.ts";
import { framesOf } from "../../../../../support/frames.ts";

const valid = { model: "gpt-3.5-turbo-instruct", prompt: "say hello" };
const tokens = ["Hello", ' "you"', "\n"];

function response(request: object) {
  return open(completions, { ...valid, ...request })
    .ask()
    .write(scriptOf(tokens));
}

test("facts tell model, stream, tokens and the last prompt", () => {
  const { facts } = open(completions, { ...valid, stream: true, prompt: ["one", "two words"] });
  expect(facts).toMatchObject({ model: "gpt-3.5-turbo-instruct", stream: true });
  expect(facts.promptTokens()).toBe(3);
  expect(facts.lastUserMessage()).toBe("two words");
});

test.each([
  [[1, 2, 3], 3],
  [[[1, 2], [3]], 3],
])("the tokens of %j are counted", (prompt, count) => {
  expect(open(completions, { ...valid, prompt }).facts.promptTokens()).toBe(count);
});

test("the limit is 16 tokens where the caller set none", () => {
  expect(open(completions, valid).ask().maxTokens).toBe(16);
  expect(open(completions, { ...valid, max_tokens: 0 }).ask().maxTokens).toBe(0);
});

test("a JSON response has the provider's members", () => {
  expect(jsonOf(response({}))).toEqual({
    id: expect.stringMatching(/^cmpl-[A-Za-z0-9]{29}$/),
    object: "text_completion",
    created: 1_700_000_000,
    model: "gpt-3.5-turbo-instruct",
    choices: [{ text: tokens.join(""), index: 0, logprobs: null, finish_reason: "stop" }],
    usage: expect.objectContaining({ prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 }),
  });
});

describe("a streamed response", () => {
  test("has one chunk a token, a finish chunk and the end", () => {
    const plan = response({ stream: true });
    const choices = chunksOf(plan).map((chunk) => chunk["choices"]![0]);
    expect(choices.map((choice) => choice?.["text"])).toEqual([...tokens, ""]);
    expect(choices.map((choice) => choice?.["finish_reason"])).toEqual([null, null, null, "stop"]);
    expect(textsOf(plan).at(-1)).toBe("data: [DONE]\n\n");
    expect(framesOf(plan).map(({ final }) => final)).toEqual([false, false, false, true, true]);
  });

  test("tells the usage when asked", () => {
    const chunks = chunksOf(response({ stream: true, stream_options: { include_usage: true } }));
    expect(chunks[0]).toMatchObject({ usage: null });
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 3 } });
  });

  test("repeats the prompt first when asked", () => {
    const chunks = chunksOf(response({ stream: true, echo: true }));
    expect(chunks[0]!["choices"]![0]).toMatchObject({ text: "say hello", finish_reason: null });
  });
});

test("each prompt gets n choices", () => {
  const body = jsonOf(response({ prompt: ["a ", "b "], n: 2, echo: true }));
  const texts = body["choices"]!.map((choice) => wordOf(choice["text"]));
  expect(texts.map((text) => text.slice(0, 2))).toEqual(["a ", "a ", "b ", "b "]);
  expect(texts[0]).toBe(`a ${tokens.join("")}`);
  expect(new Set(texts.map((text) => text.slice(2))).size).toBe(4);
  expect(body["usage"]).toMatchObject({ completion_tokens: 12 });
});

describe("logprobs", () => {
  test("tell tokens, how likely they were, the likeliest ones and where they stand", () => {
    const { logprobs, text } = bodyOf(response({ logprobs: 2 })).choices[0];
    expect(logprobs.tokens).toEqual(tokens);
    expect(text).toBe(tokens.join(""));
    expect(logprobs.text_offset).toEqual([0, 5, 11]);
    for (const [index, token] of tokens.entries()) {
      expect(logprobs.token_logprobs[index]).toBeLessThanOrEqual(0);
      expect(logprobs.top_logprobs[index][token]).toBe(logprobs.token_logprobs[index]);
      expect(Object.keys(logprobs.top_logprobs[index])).toHaveLength(2);
    }
  });

  test("tell the token itself where no others were asked for", () => {
    const { logprobs } = bodyOf(response({ logprobs: 0 })).choices[0];
    expect(logprobs.top_logprobs.map((top: object) => Object.keys(top))).toEqual(tokens.map((token) => [token]));
  });

  test("go on after those of a repeated prompt, streamed or not", () => {
    const { logprobs, text } = bodyOf(response({ logprobs: 1, echo: true })).choices[0];
    expect(logprobs.tokens).toEqual(["say", " hello", ...tokens]);
    expect(text).toBe(`say hello${tokens.join("")}`);
    expect(logprobs.text_offset).toEqual([0, 3, 9, 14, 20]);
    const streamed = chunksOf(response({ logprobs: 1, echo: true, stream: true })).map(
      (chunk) => chunk["choices"]![0]!["logprobs"] as unknown as typeof logprobs,
    );
    expect(streamed.flatMap((each) => each?.tokens ?? [])).toEqual(logprobs.tokens);
    expect(streamed.flatMap((each) => each?.text_offset ?? [])).toEqual(logprobs.text_offset);
  });
});

test("a prompt that is repeated is as likely in each choice", () => {
  const { choices } = bodyOf(response({ logprobs: 1, echo: true, n: 2 }));
  const likely = choices.map(({ logprobs }: { logprobs: { token_logprobs: number[] } }) =>
    logprobs.token_logprobs.slice(0, 2),
  );
  expect(likely[0]).toEqual(likely[1]);
});

test("several prompts are streamed side by side, each with its own text", () => {
  const plan = response({ prompt: ["a ", "b "], stream: true });
  const texts = ["", ""];
  for (const chunk of chunksOf(plan)) {
    const choice = chunk["choices"]![0]!;
    texts[Number(choice["index"])] += wordOf(choice["text"]);
  }
  expect(texts).toEqual(jsonOf(response({ prompt: ["a ", "b "] }))["choices"]!.map((choice) => choice["text"]));
  expect(texts[0]).not.toBe(texts[1]);
});

test("the best of several may be asked for, but not in a stream", () => {
  expect(jsonOf(response({ best_of: 3 }))["choices"]).toHaveLength(1);
  expect(() => response({ best_of: 1, stream: true })).not.toThrow();
});

test("tokens are not repeated as text", () => {
  expect(jsonOf(response({ prompt: [1, 2], echo: true }))["choices"]![0]!["text"]).toBe(tokens.join(""));
});

test("a response ends before a stop text", () => {
  expect(jsonOf(response({ stop: " " }))["choices"]![0]).toMatchObject({ text: "Hello", finish_reason: "stop" });
});

test("null is an empty prompt", () => {
  expect(() => response({ prompt: null })).not.toThrow();
});

test.each<[string, object, string, string]>([
  ["without a model", { model: undefined }, "model", "missing_required_parameter"],
  ["without a prompt", { prompt: undefined }, "prompt", "missing_required_parameter"],
  ["with a number for a prompt", { prompt: 5 }, "prompt", "invalid_type"],
  ["with no prompt in the list", { prompt: [] }, "prompt", "empty_array"],
  ["with texts and tokens mixed", { prompt: ["a", 5] }, "prompt[0]", "invalid_type"],
  ["with a decimal token", { prompt: [[1, 1.5]] }, "prompt[0]", "invalid_type"],
  ["with more than 128 choices", { prompt: ["a", "b"], n: 65 }, "prompt", "invalid_value"],
  ["with best_of below n", { n: 3, best_of: 2 }, "best_of", "invalid_value"],
  ["with best_of in a stream", { best_of: 2, stream: true }, "best_of", "invalid_value"],
  ["with a number for suffix", { suffix: 5 }, "suffix", "invalid_type"],
  ["with six logprobs", { logprobs: 6 }, "logprobs", "integer_above_max_value"],
  ["with a text for echo", { echo: "x" }, "echo", "invalid_type"],
  ["with max_tokens of -1", { max_tokens: -1 }, "max_tokens", "integer_below_min_value"],
])("a request is refused %s", (_, more, param, detail) => {
  const refused = refusal(() => open(completions, { ...valid, ...more }).ask());
  expect(refused).toMatchObject({ code: "BODY_INVALID", param, detail });
});
