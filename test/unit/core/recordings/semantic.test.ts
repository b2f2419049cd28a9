import { describe, expect, test } from "vitest";
import { semanticText } from "../../../../src/core/recordings/semantic.ts";

const text = (body: unknown): string | undefined => semanticText(["chat", "gpt-4o"], body);
const message = { role: "user", content: "What is the weather?" };
const plain = text({ model: "gpt-4o", messages: [message] });

describe("what a request means", () => {
  test.each([
    ["keys stand in another order", { messages: [{ content: "What is the weather?", role: "user" }], model: "gpt-4o" }],
    ["white space is other", { model: "gpt-4o", messages: [{ ...message, content: " What is\n the weather? " }] }],
    ["sampling is other", { model: "gpt-4o", messages: [message], temperature: 0, max_tokens: 5, seed: 7, user: "a" }],
    ["members are null", { model: "gpt-4o", messages: [{ ...message, name: null }], tools: null }],
    ["messages have ids", { model: "gpt-4o", messages: [{ ...message, id: "msg_1" }] }],
    ["caches are steered", { model: "gpt-4o", messages: [{ ...message, cache_control: { type: "ephemeral" } }] }],
  ])("is the same where %s", (_what, body) => {
    expect(text(body)).toBe(plain);
  });

  test.each([
    ["the words", { model: "gpt-4o", messages: [{ ...message, content: "What is the time?" }] }],
    ["the role", { model: "gpt-4o", messages: [{ ...message, role: "system" }] }],
    ["the tools", { model: "gpt-4o", messages: [message], tools: [{ type: "function" }] }],
    ["the order of messages", { model: "gpt-4o", messages: [message, { role: "assistant", content: "?" }] }],
  ])("is another where %s differ", (_what, body) => {
    expect(text(body)).not.toBe(plain);
  });

  test("takes the arguments of a tool for the JSON that they hold", () => {
    const call = (args: string): unknown => ({
      messages: [{ tool_calls: [{ function: { name: "f", arguments: args } }] }],
    });
    expect(text(call('{"a": 1, "b": 2}'))).toBe(text(call('{"b":2,"a":1}')));
  });

  test("takes both spellings of Gemini's members for one", () => {
    expect(text({ contents: [], system_instruction: { parts: [] } })).toBe(
      text({ contents: [], systemInstruction: { parts: [] } }),
    );
  });

  test("is not known of what is no object", () => {
    expect(text([])).toBeUndefined();
  });
});
