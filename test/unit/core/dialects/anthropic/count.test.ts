import { describe, expect, test } from "vitest";
import { countInput } from "../../../../../src/core/dialects/anthropic/count.ts";
import { countTokens } from "../../../../../src/core/dialects/anthropic/operations.ts";
import { openJson } from "../../../../../src/core/dialects/shared/json-body.ts";
import { ask, headers, valid } from "./support.ts";
import { bodyOf, jsonOf, open, scriptOf } from "../support.ts";

/** The input with one token a word. */
function counted(request: object) {
  return countInput(openJson(bodyOf(JSON.stringify(request)), []), (text) => text.split(/\s+/).filter(Boolean).length);
}

const saying = (...content: readonly object[]) => ({ messages: [{ role: "user", content }] });
/** Around one message and its response. */
const around = 4 + 3;
const long = { type: "text", text: "word ".repeat(2000) };
const marked = (block: object, ttl?: string) => ({
  ...block,
  cache_control: { type: "ephemeral", ...(ttl && { ttl }) },
});

describe("the input of a request", () => {
  test.each<[string, object, number]>([
    ["text", saying({ type: "text", text: "one two" }), 2],
    ["a text alone", { messages: [{ role: "user", content: "one two" }] }, 2],
    ["a system prompt", { ...saying(), system: "one two three" }, 3],
    ["a system prompt in blocks", { ...saying(), system: [{ type: "text", text: "one two" }] }, 2],
    ["thinking", saying({ type: "thinking", thinking: "one two" }), 2],
    ["the input of a call", saying({ type: "tool_use", input: { a: "b c" } }), 2],
    ["the result of a tool", saying({ type: "tool_result", content: [{ type: "text", text: "one" }] }), 1],
    [
      "an image, whatever its size",
      saying({ type: "image", source: { type: "base64", data: "A".repeat(9000) } }),
      1600,
    ],
    ["a small PDF as a page", saying({ type: "document", source: { type: "base64", data: "AAAA" } }), 2000],
    ["a PDF by its size", saying({ type: "document", source: { type: "base64", data: "A".repeat(150_000) } }), 6000],
    ["a document elsewhere as a page", saying({ type: "document", source: { type: "url", url: "u" } }), 2000],
    ["a document of text", saying({ type: "document", source: { type: "text", data: "one two" } }), 2],
    ["a document of blocks", saying({ type: "document", source: { type: "content", content: "one" } }), 1],
    ["tools, with what the provider adds for them", { ...saying(), tools: [{ name: "a b" }] }, 346 + 2],
  ])("has %s", (_, request, tokens) => {
    expect(counted(request)).toEqual({ tokens: tokens + around, cached5m: 0, cached1h: 0 });
  });

  test("of a large request is estimated by the length of its texts", () => {
    expect(counted(saying({ type: "text", text: "x".repeat(80_000) })).tokens).toBe(20_000 + around);
  });
});

describe("the cache", () => {
  test("holds what comes before the last mark", () => {
    const { messages } = saying(marked(long), { type: "text", text: "after" });
    expect(counted({ system: [marked(long)], messages })).toEqual({
      tokens: 4001 + around,
      cached5m: 4004,
      cached1h: 0,
    });
  });

  test("holds for an hour what a mark says so of", () => {
    const { messages } = saying(marked(long, "5m"));
    expect(counted({ system: [marked(long, "1h")], messages })).toMatchObject({ cached5m: 2004, cached1h: 2000 });
  });

  test("holds all but the response's own when the whole request is marked", () => {
    const input = counted({ ...saying(long), cache_control: { type: "ephemeral" } });
    expect(input.tokens - input.cached5m).toBe(3);
  });

  test("holds nothing shorter than 1,024 tokens", () => {
    expect(counted(saying(marked({ type: "text", text: "short" })))).toMatchObject({ cached5m: 0, cached1h: 0 });
  });

  test("is written by each request, which the usage names apart from the rest of the input", () => {
    const { usage } = jsonOf(
      ask(saying(marked(long, "1h"), { type: "text", text: "after" })).write(scriptOf(["a"])),
    ) as unknown as {
      usage: object;
    };
    expect(usage).toMatchObject({
      input_tokens: 4,
      cache_creation_input_tokens: 2004,
      cache_read_input_tokens: 0,
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 2004 },
    });
  });
});

test("count_tokens answers at once with the same number as the usage", () => {
  const plan = open(countTokens, valid, { headers }).ask().write(scriptOf([]));
  expect(plan).toMatchObject({ endAtMs: 0, frames: [{ data: '{"input_tokens":9}', tokens: 0 }] });
});
