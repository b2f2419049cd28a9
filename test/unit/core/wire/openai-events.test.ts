import { describe, expect, test } from "vitest";
import { judge, readUsage } from "../../../../src/core/wire/openai-events.ts";
import { bytesOf } from "./support.ts";

function chunk(choice: object, lineEnd = "\n"): string {
  return `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", choices: [{ index: 0, ...choice }] })}${lineEnd}${lineEnd}`;
}

describe("an event that carries a token", () => {
  test.each([
    ["content", { delta: { content: "Hi" }, finish_reason: null }],
    ["content after a role", { delta: { role: "assistant", content: "Hi" } }],
    ["a refusal", { delta: { refusal: "No" } }],
    ["reasoning", { delta: { reasoning: "Hm" } }],
    ["reasoning_content", { delta: { content: null, reasoning_content: "Hm" } }],
    ["the arguments of a tool", { delta: { tool_calls: [{ index: 0, function: { arguments: "{" } }] } }],
    ["the input of a custom tool", { delta: { tool_calls: [{ index: 0, custom: { input: "ls" } }] } }],
    ["the arguments of an old function", { delta: { function_call: { arguments: "{" } } }],
    ["the text of a completion", { text: "Hi", finish_reason: null }],
    ["content that looks like an end", { delta: { content: '"finish_reason":"stop"' } }],
  ])("has %s", (_, choice) => {
    expect(judge(chunk(choice))).toEqual({ tokens: 1, final: false });
  });

  test.each([
    ["CR LF lines", chunk({ delta: { content: "Hi" } }, "\r\n")],
    ["CR lines", chunk({ delta: { content: "Hi" } }, "\r")],
    ["a name before the data", `event: message\n${chunk({ delta: { content: "Hi" } })}`],
    ["a comment before the data", `: ping\n${chunk({ delta: { content: "Hi" } })}`],
    ["no blank after the colon", chunk({ delta: { content: "Hi" } }).replace("data: ", "data:")],
    ["data in two lines", 'data: {"choices":[{"delta":\ndata: {"content":"Hi"}}]}\n\n'],
    ["blanks in its JSON", 'data: { "choices" : [ { "delta" : { "content" : "Hi" } } ] }\n\n'],
  ])("may have %s", (_, event) => {
    expect(judge(event)).toEqual({ tokens: 1, final: false });
  });
});

describe("an event that carries no token", () => {
  test.each([
    ["the role", chunk({ delta: { role: "assistant", content: "", refusal: null }, finish_reason: null })],
    ["an empty delta", chunk({ delta: {} })],
    ["no tool call", chunk({ delta: { tool_calls: [] } })],
    ["the name of a tool", chunk({ delta: { tool_calls: [{ index: 0, function: { name: "f", arguments: "" } }] } })],
    ["the name of an old function", chunk({ delta: { function_call: { name: "f", arguments: "" } } })],
    ["the usage", 'data: {"choices":[],"usage":{"completion_tokens":5}}\n\n'],
    ["an error", 'data: {"error":{"message":"content","type":"server_error"}}\n\n'],
    ["content outside of a choice", 'data: {"note":{"content":"x"},"choices":[]}\n\n'],
    ["a comment", ": ping\n\n"],
    ["broken JSON", 'data: {"choices":[{"delta":{"role":"assistant","content":"x\n\n'],
    ["nothing", "\n\n"],
    ["an empty finish reason", chunk({ delta: {}, finish_reason: "" })],
  ])("has %s", (_, event) => {
    expect(judge(event)).toEqual({ tokens: 0, final: false });
  });
});

describe("an event that tells that the answer is whole", () => {
  test.each([
    ["the finish reason", chunk({ delta: {}, finish_reason: "stop" }), 0],
    ["a finish reason of another provider", chunk({ delta: {}, finish_reason: "insufficient_system_resource" }), 0],
    ["the finish reason with the last token", chunk({ delta: { content: "." }, finish_reason: "length" }), 1],
    ["the marker", "data: [DONE]\n\n", 0],
    ["the marker without a blank", "data:[DONE]\r\n\r\n", 0],
  ])("has %s", (_, event, tokens) => {
    expect(judge(event)).toEqual({ tokens, final: true });
  });
});

test("a chunk of two choices carries two tokens", () => {
  const choices = [
    { index: 0, delta: { role: "assistant", content: "a" } },
    { index: 1, delta: { content: "b", role: "assistant" } },
  ];
  expect(judge(`data: ${JSON.stringify({ choices })}\n\n`).tokens).toBe(2);
});

describe("readUsage", () => {
  test("gives the completion tokens of an answer", () => {
    const answer = {
      choices: [{ message: { content: '"usage":{"completion_tokens":9}' } }],
      usage: { prompt_tokens: 3, completion_tokens: 41 },
    };
    expect(readUsage(bytesOf(JSON.stringify(answer)))).toBe(41);
  });

  test.each([
    ["an answer without usage", '{"choices":[]}'],
    ["an embedding's usage", '{"usage":{"prompt_tokens":3,"total_tokens":3}}'],
    ["no usage", '{"usage":null}'],
    ["a text for the tokens", '{"usage":{"completion_tokens":"5"}}'],
    ["a negative number", '{"usage":{"completion_tokens":-5}}'],
    ["half of an answer", '{"usage":{"completion_tokens":5}'],
    ["no JSON", "<html>"],
    ["nothing", ""],
  ])("gives undefined for %s", (_, body) => {
    expect(readUsage(bytesOf(body))).toBeUndefined();
  });
});
