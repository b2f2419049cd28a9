import { describe, expect, test } from "vitest";
import { findOperation } from "../../../../../src/core/dialects/index.ts";
import { open } from "../support.ts";

const user = { role: "user", content: "hi" };
const tools = [{ type: "function", function: { name: "weather", parameters: { type: "object", properties: {} } } }];

function ask(request: object) {
  const { operation } = findOperation("POST", "/mistral/v1/chat/completions", {});
  return open(operation!, { model: "mistral-large-latest", ...request }).ask();
}

describe("a chat of Mistral's", () => {
  test("takes random_seed for the seed", () => {
    expect(ask({ messages: [user], random_seed: 7 }).seed).toBe(7);
  });

  test("takes the tool_choice any, which must call a tool", () => {
    const call = { id: "abc", type: "function", function: { name: "weather", arguments: "{}" } };
    const turns = [
      user,
      { role: "assistant", tool_calls: [call] },
      { role: "tool", tool_call_id: "abc", content: "sunny" },
    ];
    expect(ask({ messages: turns, tools, tool_choice: "any" }).compose).toBeDefined();
    expect(ask({ messages: turns, tools, tool_choice: "auto" }).compose).toBeUndefined();
  });

  test("takes an empty list as the content of a message that calls a tool", () => {
    const call = { id: "abc", type: "function", function: { name: "weather", arguments: "{}" } };
    const turns = [user, { role: "assistant", content: [], tool_calls: [call] }];
    const result = { role: "tool", tool_call_id: "abc", content: "sunny" };
    expect(() => ask({ messages: [...turns, result], tools })).not.toThrow();
    expect(() => ask({ messages: [user, { role: "assistant", content: [] }] })).toThrow(/empty/);
  });

  test("that only speaks of these words is read as it stands", () => {
    expect(ask({ messages: [{ role: "user", content: 'say "any"' }] }).seed).toBeUndefined();
  });
});
