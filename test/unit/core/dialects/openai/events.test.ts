import { describe, expect, test } from "vitest";
import { judge, readUsage } from "../../../../../src/core/dialects/openai/events.ts";
import { bytesOf } from "../support.ts";

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
    ["the end of a choice that failed", chunk({ delta: { content: "" }, finish_reason: "error" })],
    ["an empty finish reason", chunk({ delta: {}, finish_reason: "" })],
  ])("has %s", (_, event) => {
    expect(judge(event)).toEqual({ tokens: 0, final: false });
  });
});

describe("an event that tells that the response is whole", () => {
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

describe("an event of a response", () => {
  const event = (type: string, more: object = {}, lineEnd = "\n"): string =>
    [`event: ${type}`, `data: ${JSON.stringify({ type, sequence_number: 3, ...more })}`, "", ""].join(lineEnd);
  const delta = { item_id: "msg_1", output_index: 0, content_index: 0, delta: "Hi", logprobs: [] };

  test.each([
    ["text", event("response.output_text.delta", delta)],
    ["a refusal", event("response.refusal.delta", delta)],
    ["reasoning", event("response.reasoning_text.delta", delta)],
    ["a summary of reasoning", event("response.reasoning_summary_text.delta", delta)],
    ["arguments", event("response.function_call_arguments.delta", delta)],
    ["CR LF lines", event("response.output_text.delta", delta, "\r\n")],
    ["no blanks after colons", event("response.output_text.delta", delta).replaceAll(": ", ":")],
    ["no name before its data", event("response.output_text.delta", delta).replace(/^.*\n/, "")],
    [
      "text that looks like an end",
      event("response.output_text.delta", { ...delta, delta: '"type":"response.completed"' }),
    ],
    ["text of a chunk", event("response.output_text.delta", { ...delta, delta: '"finish_reason":"stop"' })],
  ])("with %s carries a token", (_, text) => {
    expect(judge(text)).toEqual({ tokens: 1, final: false });
  });

  test.each([
    ["its beginning", event("response.created", { response: { id: "resp_1", output: [] } })],
    ["the text again at its end", event("response.output_text.done", { text: "Hi" })],
    ["an empty delta", event("response.output_text.delta", { ...delta, delta: "" })],
    ["sound", event("response.audio.delta", { delta: "AA==" })],
    ["a search", event("response.web_search_call.completed")],
    [
      "an error",
      `event: error\ndata: {"type":"error","code":null,"message":"Hi","param":null,"sequence_number":9}\n\n`,
    ],
  ])("with %s carries none and ends nothing", (_, text) => {
    expect(judge(text)).toEqual({ tokens: 0, final: false });
  });

  test.each(["completed", "incomplete", "failed"])("named response.%s tells that it is over", (name) => {
    const whole = { response: { id: "resp_1", output: [{ type: "message", content: [{ text: "Hi" }] }] } };
    expect(judge(event(`response.${name}`, whole))).toEqual({ tokens: 0, final: true });
    expect(judge(event(`response.${name}`, whole).replace(/^.*\n/, ""))).toEqual({ tokens: 0, final: true });
  });
});

describe("readUsage", () => {
  test("gives the output tokens of a response", () => {
    const response = { object: "response", usage: { input_tokens: 3, output_tokens: 41, total_tokens: 44 } };
    expect(readUsage(bytesOf(JSON.stringify(response)))).toBe(41);
  });

  test("gives the completion tokens of a response", () => {
    const response = {
      choices: [{ message: { content: '"usage":{"completion_tokens":9}' } }],
      usage: { prompt_tokens: 3, completion_tokens: 41 },
    };
    expect(readUsage(bytesOf(JSON.stringify(response)))).toBe(41);
  });

  test.each([
    ["a response without usage", '{"choices":[]}'],
    ["an embedding's usage", '{"usage":{"prompt_tokens":3,"total_tokens":3}}'],
    ["no usage", '{"usage":null}'],
    ["a text for the tokens", '{"usage":{"completion_tokens":"5"}}'],
    ["a negative number", '{"usage":{"completion_tokens":-5}}'],
    ["half of a response", '{"usage":{"completion_tokens":5}'],
    ["no JSON", "<html>"],
    ["nothing", ""],
  ])("gives undefined for %s", (_, body) => {
    expect(readUsage(bytesOf(body))).toBeUndefined();
  });
});
