import { describe, expect, test } from "vitest";
import { chat } from "../../../../../src/core/dialects/cohere/chat.ts";
import { chatV1 } from "../../../../../src/core/dialects/cohere/chat-v1.ts";
import { embedV2 } from "../../../../../src/core/dialects/cohere/embeddings.ts";
import { rerankV2 } from "../../../../../src/core/dialects/cohere/rerank.ts";
import { detokenize, tokenize } from "../../../../../src/core/dialects/cohere/models.ts";
import { open, refusal } from "../support.ts";

const model = "command-a-03-2025";
const user = { role: "user", content: "Hi" };
const request = { model, messages: [user] };
const call = { id: "c", type: "function", function: { name: "f", arguments: "{}" } };
const tool = { type: "function", function: { name: "f", parameters: { type: "object" } } };
const json = (schema: unknown): object => ({ response_format: { type: "json_object", json_schema: schema } });
const nothingAsked = "invalid request: message must be at least 1 token long or tool results must be specified.";

test.each<[object, param: string, message: string]>([
  [{ messages: [user] }, "model", "a model parameter is required for this endpoint."],
  [
    { model: 3, messages: [user] },
    "model",
    "invalid type: parameter model is of type number but should be of type string.",
  ],
  [{ model }, "messages", nothingAsked],
  [{ model, messages: [] }, "messages", nothingAsked],
  [{ model, messages: [{ role: "system", content: "Be brief" }] }, "messages", nothingAsked],
  [{ model, messages: "Hi" }, "messages", "but should be of type []ChatMessageV2."],
  [{ model, messages: [{ role: "robot", content: "Hi" }] }, "messages[0].role", "Invalid role in messages at index 0."],
  [{ model, messages: [{ role: "user", content: "" }] }, "messages[0].content", "message must not be empty in a turn"],
  [
    { model, messages: [{ role: "user", content: [{ type: "odd" }] }] },
    "messages[0].content[0].type",
    "must be one of 'text'",
  ],
  [
    { model, messages: [user, { role: "tool", content: "x" }] },
    "messages[1].tool_call_id",
    "tool call id must be provided",
  ],
  [
    { model, messages: [user, { role: "tool", tool_call_id: "c", content: "x" }] },
    "messages[1].tool_call_id",
    "tool call id not found in previous tool calls",
  ],
  [
    { model, messages: [user, { role: "assistant", tool_calls: [call, call] }] },
    "messages[1].tool_calls[1].id",
    "cannot have duplicate tool ids",
  ],
  [
    { model, messages: [user, { role: "assistant", tool_calls: [{ ...call, type: "odd" }] }] },
    "messages[1].tool_calls[0].type",
    "tool call must be of type function",
  ],
  [{ ...request, temperature: 2 }, "temperature", "invalid request: temperature must be between 0 and 1 inclusive."],
  [{ ...request, presence_penalty: -1 }, "presence_penalty", "must be between 0 and 1 inclusive."],
  [{ ...request, max_tokens: 0 }, "max_tokens", "max_tokens must be at least 1."],
  [{ ...request, stop_sequences: ["1", "2", "3", "4", "5", "6"] }, "stop_sequences", "at most 5 elements - received 6"],
  [{ ...request, frequency_penalty: 0.1, presence_penalty: 0.1 }, "presence_penalty", "cannot specify both"],
  [{ ...request, safety_mode: "NONE" }, "safety_mode", "safety_mode must be one of 'CONTEXTUAL', 'STRICT', or 'OFF'."],
  [{ ...request, tool_choice: "REQUIRED" }, "tool_choice", "tools must be specified"],
  [{ ...request, tools: [{ ...tool, function: { name: "2x" } }] }, "tools[0].function.name", "(provided name: '2x')."],
  [{ ...request, ...json("x") }, "response_format.json_schema", "schema must be an object"],
  [{ ...request, ...json({ type: "array" }) }, "response_format.json_schema", "schema must be an object"],
  [
    { ...request, ...json({ type: "object", required: ["a"] }) },
    "response_format.json_schema",
    "required field a not found in properties",
  ],
  [
    { ...request, ...json({ type: "object", properties: { a: {} } }) },
    "response_format.json_schema",
    "property a must have a type",
  ],
  [{ ...request, ...json(undefined), documents: ["a"] }, "response_format", "is not supported with RAG."],
  [{ ...request, ...json(undefined), tools: [tool] }, "response_format", "is not supported with tools."],
  [{ ...request, documents: [{ data: "" }] }, "documents[0]", "document at index 0 cannot be empty"],
  [{ ...request, thinking: { type: "maybe" } }, "thinking.type", "must be one of 'enabled', or 'disabled'."],
])("a chat of %j is refused for its %s", (wrong, param, message) => {
  const refused = refusal(() => open(chat, wrong).ask());
  expect(refused).toMatchObject({ code: "BODY_INVALID", param, message: expect.stringContaining(message) as string });
});

test("leniently, what its schema allows is taken", () => {
  const lenient = { fidelity: "lenient" } as const;
  const penalties = { frequency_penalty: 0.1, presence_penalty: 0.1 };
  const named = { tools: [{ ...tool, function: { name: "get-weather" } }] };
  for (const more of [penalties, named, json({ properties: { a: {} } })]) {
    expect(() => open(chat, { ...request, ...more }).ask(lenient)).not.toThrow();
  }
});

test("a part of a message may stand alone", () => {
  expect(() =>
    open(chat, { model, messages: [{ role: "user", content: { type: "text", text: "Hi" } }] }).ask(),
  ).not.toThrow();
});

describe.each([
  ["a chat of the first version", chatV1],
  ["vectors", embedV2],
  ["a ranking", rerankV2],
  ["tokens", tokenize],
  ["a text of tokens", detokenize],
])("%s", (_, operation) => {
  test("is refused without what it is about", () => {
    expect(refusal(() => open(operation, { model: "command-r", input_type: "search_query" }).ask())).toMatchObject({
      code: "BODY_INVALID",
      message: expect.stringMatching(/missing|specified/) as string,
    });
  });
});

test.each<[Parameters<typeof open>[0], object, string]>([
  [chatV1, { message: "Hi", model: "command-a-plus-05-2026" }, "please use '/v2/chat' instead."],
  [
    chatV1,
    { message: "Hi", chat_history: [{ role: "Robot", message: "x" }] },
    "Invalid role in chat_history at index 0.",
  ],
  [chatV1, { message: "Hi", chat_history: [{ role: "USER" }] }, "all elements in history must have a message."],
  [embedV2, { model: "embed-v4.0", texts: ["a"] }, "valid input_type must be provided with the provided model"],
  [
    embedV2,
    { model: "embed-v4.0", texts: Array.from({ length: 97 }, () => "a"), input_type: "search_query" },
    "total number of texts must be at most 96 - received 97",
  ],
  [embedV2, { model: "embed-v4.0", texts: ["a", ""], input_type: "search_query" }, "the empty string at index 1"],
  [
    embedV2,
    { model: "embed-v4.0", images: ["data:"], input_type: "search_query" },
    "images must be used with input_type=image",
  ],
  [
    embedV2,
    { model: "embed-v4.0", texts: ["a"], input_type: "search_query", embedding_types: ["float"], output_dimension: 3 },
    "output_dimension must be one of 256, 512, 1024, 1536.",
  ],
  [rerankV2, { model: "r", query: " ", documents: ["a"] }, "query must not be empty or be only whitespace"],
  [rerankV2, { model: "r", query: "a", documents: [] }, "list of documents must not be empty"],
  [rerankV2, { model: "r", query: "a", documents: [""] }, "document at index 0 cannot be empty"],
  [detokenize, { model, tokens: [99_999_999] }, "there is no token 99999999"],
])("%# is refused in the provider's words", (operation, wrong, message) => {
  const refused = refusal(() => open(operation, wrong).ask());
  expect(refused).toMatchObject({ code: "BODY_INVALID", message: expect.stringContaining(message) as string });
});
