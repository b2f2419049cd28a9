import { describe, expect, test } from "vitest";
import { judge, readUsage } from "../../../../../src/core/dialects/anthropic/events.ts";
import { anthropic } from "../../../../../src/core/dialects/anthropic/index.ts";
import { bytesOf } from "../support.ts";

function event(name: string, members: object, lineEnd = "\n"): string {
  return `event: ${name}${lineEnd}data: ${JSON.stringify({ type: name, ...members })}${lineEnd}${lineEnd}`;
}

function delta(members: object, lineEnd?: string): string {
  return event("content_block_delta", { index: 0, delta: members }, lineEnd);
}

const text = { type: "text_delta", text: "Hi" };

describe("an event that carries a token", () => {
  test.each([
    ["text", delta(text)],
    ["thinking", delta({ type: "thinking_delta", thinking: "Hm" })],
    ["a piece of a tool's input", delta({ type: "input_json_delta", partial_json: "{" })],
    ["text that looks like an end", delta({ type: "text_delta", text: '"type":"message_stop","stop_reason":"x"' })],
    ["CR LF lines", delta(text, "\r\n")],
    ["CR lines", delta(text, "\r")],
    ["no blank after the colons", delta(text).replaceAll(": ", ":")],
    ["a comment before it", `: x\n${delta(text)}`],
    ["no name, but a type", delta(text).replace("event: content_block_delta\n", "")],
    ["blanks in its JSON", delta(text).replaceAll('":', '" : ')],
  ])("has %s", (_, given) => {
    expect(judge(given)).toEqual({ tokens: 1, final: false });
  });
});

describe("an event that carries no token", () => {
  test.each([
    ["the message", event("message_start", { message: { content: [], stop_reason: null } })],
    ["the start of a block", event("content_block_start", { content_block: { type: "text", text: "" } })],
    ["the end of a block", event("content_block_stop", { index: 0 })],
    ["an empty piece of input", delta({ type: "input_json_delta", partial_json: "" })],
    ["a signature", delta({ type: "signature_delta", signature: "abc" })],
    ["a ping", event("ping", {})],
    ["an error", event("error", { error: { type: "overloaded_error", message: "text" } })],
    ["a message delta without a reason", event("message_delta", { delta: { stop_reason: null } })],
    ["a comment", ": ping\n\n"],
    ["nothing", "\n\n"],
  ])("has %s", (_, given) => {
    expect(judge(given)).toEqual({ tokens: 0, final: false });
  });
});

test.each([
  ["the stop reason", event("message_delta", { delta: { stop_reason: "end_turn" }, usage: { output_tokens: 1 } })],
  ["the end of the message", event("message_stop", {})],
  ["that end in CR LF lines", event("message_stop", {}, "\r\n")],
])("%s tells that the response is whole", (_, given) => {
  expect(judge(given)).toEqual({ tokens: 0, final: true });
});

test.each<[string, number | undefined]>([
  ['{"usage":{"input_tokens":5,"output_tokens":12}}', 12],
  ['{"content":[{"text":"\\"usage\\":{\\"output_tokens\\":1}"}],"usage":{"output_tokens":3}}', 3],
  ['{"usage":{"output_tokens":null}}', undefined],
  ['{"type":"error"}', undefined],
  ["[]", undefined],
])("the usage of %s is %s", (body, tokens) => {
  expect(readUsage(bytesOf(body))).toBe(tokens);
});

test("only event streams are read as streams", () => {
  expect(anthropic.readStream("application/json")).toBeUndefined();
  expect(anthropic.readStream("text/event-stream; charset=utf-8")?.push(1, bytesOf(delta(text)))).toMatchObject([
    { atMs: 1, tokens: 1 },
  ]);
});
