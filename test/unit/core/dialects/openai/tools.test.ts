import { describe, expect, test } from "vitest";
import { createRng } from "../../../../../src/core/rng.ts";
import { chat } from "../../../../../src/core/dialects/openai/chat/index.ts";
import { open, refusal } from "../support.ts";
import { framesOf } from "../../../../support/frames.ts";

const messages = [{ role: "user", content: "say hello" }];
const f = { type: "function", function: { name: "f" } };
const closed = { type: "object", properties: {}, additionalProperties: false };

function refused(more: object) {
  return refusal(() => open(chat, { model: "gpt-4o", messages, ...more }).ask());
}

function withFunction(tool: object): object {
  return { tools: [{ type: "function", function: { name: "f", ...tool } }] };
}

function withFormat(schema: object): object {
  return { response_format: { type: "json_schema", json_schema: { name: "s", strict: true, schema } } };
}

function withCustom(format: unknown): object {
  return { tools: [{ type: "custom", custom: { name: "c", format } }] };
}

describe("tools are refused", () => {
  test.each<[string, object, string, string]>([
    ["with no tool", { tools: [] }, "tools", "empty_array"],
    ["with 129 tools", { tools: Array.from({ length: 129 }, () => f) }, "tools", "array_above_max_length"],
    ["with a text for a tool", { tools: ["f"] }, "tools[0]", "invalid_type"],
    ["without a type", { tools: [f, {}] }, "tools[1].type", "missing_required_parameter"],
    ["with an unknown type", { tools: [{ type: "robot" }] }, "tools[0].type", "invalid_value"],
    ["without a function", { tools: [{ type: "function" }] }, "tools[0].function", "missing_required_parameter"],
    [
      "without a name",
      { tools: [{ type: "function", function: {} }] },
      "tools[0].function.name",
      "missing_required_parameter",
    ],
    ["with a blank in a name", withFunction({ name: "my tool" }), "tools[0].function.name", "invalid_value"],
    ["with a long name", withFunction({ name: "n".repeat(65) }), "tools[0].function.name", "string_above_max_length"],
    [
      "with a number for a description",
      withFunction({ description: 5 }),
      "tools[0].function.description",
      "invalid_type",
    ],
    ["with a text for parameters", withFunction({ parameters: "x" }), "tools[0].function.parameters", "invalid_type"],
    [
      "with parameters that are no object's",
      withFunction({ parameters: { type: "string" } }),
      "tools[0].function.parameters",
      "invalid_function_parameters",
    ],
    [
      "with strict parameters that allow others",
      withFunction({ strict: true, parameters: { type: "object", properties: {} } }),
      "tools[0].function.parameters",
      "invalid_function_parameters",
    ],
    [
      "with a custom tool without a name",
      { tools: [{ type: "custom", custom: {} }] },
      "tools[0].custom.name",
      "missing_required_parameter",
    ],
    ["with a text for a format", withCustom("x"), "tools[0].custom.format", "invalid_type"],
    ["with an unknown format", withCustom({ type: "xml" }), "tools[0].custom.format.type", "invalid_value"],
    [
      "without a grammar",
      withCustom({ type: "grammar" }),
      "tools[0].custom.format.grammar",
      "missing_required_parameter",
    ],
    [
      "with a grammar of an unknown syntax",
      withCustom({ type: "grammar", grammar: { syntax: "bnf", definition: "x" } }),
      "tools[0].custom.format.grammar.syntax",
      "invalid_value",
    ],
    ["with a choice but no tools", { tool_choice: "auto" }, "tool_choice", "invalid_value"],
    ["with parallel calls but no tools", { parallel_tool_calls: true }, "parallel_tool_calls", "invalid_value"],
    ["with an unknown choice", { tools: [f], tool_choice: "maybe" }, "tool_choice", "invalid_value"],
    ["with a choice without a type", { tools: [f], tool_choice: {} }, "tool_choice.type", "missing_required_parameter"],
    [
      "with a choice of an unknown type",
      { tools: [f], tool_choice: { type: "x" } },
      "tool_choice.type",
      "invalid_value",
    ],
    [
      "with a choice that names no tool",
      { tools: [f], tool_choice: { type: "function", function: { name: "g" } } },
      "tool_choice",
      "invalid_value",
    ],
    [
      "with no allowed tool",
      { tools: [f], tool_choice: { type: "allowed_tools", allowed_tools: { mode: "auto", tools: [] } } },
      "tool_choice.allowed_tools.tools",
      "empty_array",
    ],
    [
      "with an allowed tool that is not there",
      {
        tools: [f],
        tool_choice: {
          type: "allowed_tools",
          allowed_tools: { mode: "auto", tools: [{ type: "function", function: { name: "g" } }] },
        },
      },
      "tool_choice.allowed_tools.tools[0]",
      "invalid_value",
    ],
    ["beside functions", { tools: [f], functions: [{ name: "f" }] }, "functions", "invalid_value"],
    ["with a call but no functions", { function_call: "auto" }, "function_call", "invalid_value"],
    ["with a call of functions and tools", { tools: [f], function_call: "auto" }, "function_call", "invalid_value"],
    [
      "with a call of no function",
      { functions: [{ name: "f" }], function_call: { name: "g" } },
      "function_call",
      "invalid_value",
    ],
    ["with an unknown call", { functions: [{ name: "f" }], function_call: "must" }, "function_call", "invalid_value"],
    ["with a function without a name", { functions: [{}] }, "functions[0].name", "missing_required_parameter"],
  ])("%s", (_, more, param, detail) => {
    const { code, message, ...rest } = refused(more);
    expect({ code, ...rest }).toEqual({ code: "BODY_INVALID", param, detail });
    expect(message).not.toBe("");
  });
});

describe("a strict schema is refused", () => {
  const inner = (schema: object): object => ({ ...closed, properties: { a: schema }, required: ["a"] });
  test.each<[string, object, string]>([
    ["that allows other properties", { type: "object", properties: {} }, "In context=(), 'additionalProperties'"],
    ["with an optional property", { ...closed, properties: { a: {} } }, "Missing 'a'"],
    ["within a property", inner({ type: "object" }), "In context=('properties', 'a'), 'additionalProperties'"],
    ["within items", inner({ type: "array", items: { type: "object" } }), "In context=('properties', 'a', 'items'),"],
    ["within a branch", inner({ anyOf: [{ type: "null" }, { type: "object" }] }), "('properties', 'a', 'anyOf', '1')"],
    ["within a definition", { ...closed, $defs: { d: { type: "object" } } }, "In context=('$defs', 'd')"],
  ])("%s", (_, schema, said) => {
    expect(refused(withFormat(schema))).toMatchObject({ param: "response_format", detail: "invalid_json_schema" });
    expect(refused(withFormat(schema)).message).toContain(said);
    expect(refused(withFunction({ strict: true, parameters: { ...schema, type: "object" } })).message).toContain(said);
  });
});

describe("a request is refused", () => {
  const called = (id: unknown): object => ({
    role: "assistant",
    tool_calls: [{ id, type: "function", function: { name: "f", arguments: "{}" } }],
  });
  const result = (id: string): object => ({ role: "tool", tool_call_id: id, content: "4" });
  test.each<[string, object, string, string]>([
    ["with a format without a type", { response_format: {} }, "response_format.type", "missing_required_parameter"],
    ["with an unknown format", { response_format: { type: "xml" } }, "response_format.type", "invalid_value"],
    ["with JSON that no message speaks of", { response_format: { type: "json_object" } }, "messages", "invalid_value"],
    [
      "without the schema's wrapper",
      { response_format: { type: "json_schema" } },
      "response_format.json_schema",
      "missing_required_parameter",
    ],
    [
      "with a schema without a name",
      { response_format: { type: "json_schema", json_schema: { schema: {} } } },
      "response_format.json_schema.name",
      "missing_required_parameter",
    ],
    [
      "with strict and no schema",
      { response_format: { type: "json_schema", json_schema: { name: "s", strict: true } } },
      "response_format.json_schema.schema",
      "missing_required_parameter",
    ],
    ["with an unknown effort", { reasoning_effort: "huge" }, "reasoning_effort", "invalid_value"],
    ["with max_tokens for a model that reasons", { model: "o3", max_tokens: 5 }, "max_tokens", "unsupported_parameter"],
    ["with an unknown service tier", { service_tier: "gold" }, "service_tier", "invalid_value"],
    ["with an unknown verbosity", { verbosity: "chatty" }, "verbosity", "invalid_value"],
    [
      "for sound",
      { modalities: ["text", "audio"], audio: { voice: "alloy", format: "wav" } },
      "modalities",
      "unsupported_value",
    ],
    ["with an unknown modality", { modalities: ["smell"] }, "modalities", "invalid_value"],
    ["with no modality", { modalities: [] }, "modalities", "empty_array"],
    ["with a number in metadata", { metadata: { a: 1 } }, "metadata.a", "invalid_type"],
    [
      "with a prediction of an unknown type",
      { prediction: { type: "x", content: "" } },
      "prediction.type",
      "invalid_value",
    ],
    [
      "with a prediction without content",
      { prediction: { type: "content" } },
      "prediction.content",
      "missing_required_parameter",
    ],
    ["with a result of no call", { messages: [...messages, result("c")] }, "messages[1].tool_call_id", "invalid_value"],
    [
      "with a result of another call",
      { messages: [called("a"), result("b")] },
      "messages[1].tool_call_id",
      "invalid_value",
    ],
    ["with a call without a result", { messages: [called("a"), ...messages] }, "messages[1].role", "invalid_value"],
    ["with a call without a result at the end", { messages: [called("a")] }, "messages[1].role", "invalid_value"],
    [
      "with a call without an id",
      { messages: [called(undefined)] },
      "messages[0].tool_calls[0].id",
      "missing_required_parameter",
    ],
    [
      "with sound without a format",
      { messages: [{ role: "user", content: [{ type: "input_audio", input_audio: { data: "" } }] }] },
      "messages[0].content[0].input_audio.format",
      "missing_required_parameter",
    ],
  ])("%s", (_, more, param, detail) => {
    const { code, message, ...rest } = refused(more);
    expect({ code, ...rest }).toEqual({ code: "BODY_INVALID", param, detail });
    expect(message).not.toBe("");
  });
});

test("what does not change the response is accepted", () => {
  const more = {
    modalities: ["text"],
    store: true,
    metadata: { run: "7" },
    prediction: { type: "content", content: "hello" },
    web_search_options: { search_context_size: "low" },
    verbosity: "low",
    safety_identifier: "s",
    prompt_cache_key: "k",
    tools: [{ type: "function", function: { name: "f", parameters: closed, strict: true } }],
    tool_choice: "none",
  };
  expect(() => open(chat, { model: "gpt-4o", messages, ...more }).ask()).not.toThrow();
});

describe("the tokens of a prompt", () => {
  const content = (part: object): object => ({ model: "gpt-4o", messages: [{ role: "user", content: [part] }] });
  const tokensOf = (part: object): number => open(chat, content(part)).ask().promptTokens - 7;
  const image = (more: object): object => ({
    type: "image_url",
    image_url: { url: "data:image/png;base64,AAAA", ...more },
  });

  test.each([
    ["an image", image({}), 765],
    ["an image in low detail", image({ detail: "low" }), 85],
    ["two seconds of sound", { type: "input_audio", input_audio: { data: "A".repeat(128_000), format: "wav" } }, 20],
    [
      "three seconds of sound in mp3",
      { type: "input_audio", input_audio: { data: "A".repeat(64_000), format: "mp3" } },
      30,
    ],
    ["a file", { type: "file", file: { file_data: "A".repeat(1600) } }, 300],
    ["a file by its id", { type: "file", file: { file_id: "file-1" } }, 0],
  ])("count %s", (_, part, tokens) => {
    expect(tokensOf(part)).toBe(tokens);
  });

  test("do not grow with the size of an image", () => {
    expect(tokensOf(image({ url: `data:image/png;base64,${"A".repeat(400_000)}` }))).toBe(765);
  });

  test("of sound are told in the usage", () => {
    const request = content({ type: "input_audio", input_audio: { data: "A".repeat(6400), format: "wav" } });
    const plan = open(chat, request)
      .ask()
      .write({
        id: "r",
        createdSeconds: 0,
        timing: { ttftMs: 0, atMs: [], totalMs: 0 },
        parts: [],
        finish: "stop",
        rng: createRng(1),
      });
    expect(String(framesOf(plan)[0]!.data)).toContain(`"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":1}`);
  });
});
