import { describe, expect, test } from "vitest";
import { countOf, type Part } from "../../../../../../src/core/simulator/parts.ts";
import { createRng } from "../../../../../../src/core/rng.ts";
import type { Plan } from "../../../../../../src/core/types.ts";
import { openai } from "../../../../../../src/core/dialects/openai/index.ts";
import { inputTokens, responses } from "../../../../../../src/core/dialects/openai/responses/index.ts";
import { bytesOf, jsonOf, open, refusal, scriptOf, textsOf, type Json } from "../../support.ts";
import { framesOf } from "../../../../../support/frames.ts";

const valid = { model: "gpt-4o", input: "Say this" };
const tool = {
  type: "function",
  name: "look_up",
  parameters: { type: "object", properties: { a: { type: "string" } } },
};

/** The parts of a response: composed where the request wants more than prose. */
function partsOf(request: object, tokens: number): readonly Part[] {
  const { compose } = open(responses, { ...valid, ...request }).ask();
  const words = Array.from({ length: tokens }, (_, index) => ` w${index}`);
  return compose?.(tokens, createRng(5)) ?? [{ kind: "text", tokens: words, text: words.join("") }];
}

function response(request: object, finish: "stop" | "length" = "stop"): Plan {
  const parts = partsOf(request, 12);
  const script = scriptOf(
    parts.flatMap(({ tokens }) => tokens),
    { parts, finish },
  );
  return open(responses, { ...valid, ...request })
    .ask()
    .write(script);
}

function eventsOf(plan: Plan): Json[] {
  return textsOf(plan).map((text) => {
    const [, name, data] = /^event: (.+)\ndata: (.+)\n\n$/.exec(text) ?? [];
    const event = JSON.parse(data ?? "") as Json;
    expect(event["type"]).toBe(name);
    return event;
  });
}

function typesOf(request: object): unknown[] {
  const types = eventsOf(response({ ...request, stream: true })).map((event) => event["type"]);
  return types.filter((type, index) => type !== types[index - 1]);
}

const message = [
  "response.output_item.added",
  "response.content_part.added",
  "response.output_text.delta",
  "response.output_text.done",
  "response.content_part.done",
  "response.output_item.done",
];
const summary = [
  "response.output_item.added",
  "response.reasoning_summary_part.added",
  "response.reasoning_summary_text.delta",
  "response.reasoning_summary_text.done",
  "response.reasoning_summary_part.done",
  "response.output_item.done",
];
const silentCall = ["response.output_item.added", "response.output_item.done"];
const callWith = (name: string): string[] => [
  "response.output_item.added",
  `response.${name}.delta`,
  `response.${name}.done`,
  "response.output_item.done",
];
const call = callWith("function_call_arguments");
const shellCall = callWith("shell_call_command").toSpliced(1, 0, "response.shell_call_command.added");
const custom = { type: "custom", name: "run" };

describe("the events of a stream come in the provider's order", () => {
  test.each<[string, object, string[]]>([
    ["text", {}, message],
    ["a call", { tools: [tool], tool_choice: "required" }, call],
    ["a call of a custom tool", { tools: [custom] }, callWith("custom_tool_call_input")],
    ["a call of a shell", { tools: [{ type: "shell" }], tool_choice: "required" }, shellCall],
    ["a call of a local shell", { tools: [{ type: "local_shell" }], tool_choice: "required" }, silentCall],
    ["a patch", { tools: [{ type: "apply_patch" }], tool_choice: { type: "apply_patch" } }, silentCall],
    ["reasoning with a summary", { model: "o3", reasoning: { summary: "auto" } }, [...summary, ...message]],
    ["reasoning without one", { model: "o3" }, ["response.output_item.added", "response.output_item.done", ...message]],
  ])("of %s", (_, request, between) => {
    expect(typesOf(request)).toEqual(["response.created", "response.in_progress", ...between, "response.completed"]);
  });
});

const kinds: [string, object][] = [
  ["text", {}],
  ["calls", { tools: [tool, { ...tool, name: "other" }], tool_choice: "required" }],
  ["calls of other kinds", { tools: [custom, { type: "shell" }], tool_choice: "required" }],
  ["reasoning with a summary", { model: "o3", reasoning: { summary: "auto" } }],
  ["JSON", { text: { format: { type: "json_schema", name: "n", schema: tool.parameters } } }],
];

describe.each(kinds)("a stream of %s", (_, request) => {
  const stream = response({ ...request, stream: true });
  const events = eventsOf(stream);
  const whole = jsonOf(response(request));

  test("is numbered without a gap", () => {
    expect(events.map((event) => event["sequence_number"])).toEqual(events.map((__, index) => index));
  });

  test("ends with the response that a JSON response is", () => {
    expect(events.at(-1)!["response"]).toEqual(whole);
  });

  test("carries as many tokens as the usage names", () => {
    const tokens = framesOf(stream).reduce((sum, frame) => sum + frame.tokens, 0);
    expect(whole["usage"]!["output_tokens"]).toBe(tokens);
    expect(tokens).toBe(countOf(partsOf(request, 12)));
  });

  test("has items whose deltas add up to what they are at their end", () => {
    const output = whole["output"]!.map((item) => item);
    for (const [index, item] of output.entries()) {
      const deltas = events.filter((event) => (event["output_index"] as unknown) === index && "delta" in event);
      const said = deltas.map((event) => event["delta"] as unknown as string).join("");
      const given = item["arguments"] ?? item["input"] ?? item["action"]?.["commands"]![0];
      expect(said).toBe(given ?? item["content"]?.[0]!["text"] ?? item["summary"]![0]!["text"]);
      for (const event of deltas.filter((each) => "item_id" in each)) expect(event["item_id"]).toBe(item["id"]);
    }
  });

  test("is read live as it was planned", () => {
    const reader = openai.readStream("text/event-stream")!;
    const frames = reader.push(0, bytesOf(textsOf(stream).join("")));
    const worth = (list: Plan["frames"]) => Array.from(list).map(({ tokens, final }) => ({ tokens, final }));
    expect(worth(frames)).toEqual(worth(stream.frames));
  });

  test("leaves in time order, created at once and the rest with its tokens", () => {
    const times = framesOf(stream).map(({ atMs }) => atMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.slice(0, 3)).toEqual([0, 0, 300]);
    expect(framesOf(stream).filter(({ final }) => final)).toHaveLength(1);
  });
});

test("the usage of a JSON response is read as a live one's", () => {
  expect(openai.readUsage(bytesOf(textsOf(response({})).join("")))).toBe(12);
});

test("tokens of reasoning that is not told are in the usage only", () => {
  const plan = response({ model: "o3", stream: true });
  const usage = eventsOf(plan).at(-1)!["response"]!["usage"]!;
  const tokens = framesOf(plan).reduce((sum, frame) => sum + frame.tokens, 0);
  expect(usage).toMatchObject({ output_tokens: 12, output_tokens_details: { reasoning_tokens: 12 - tokens } });
  expect(tokens).toBe(6);
});

test("a response that reached its limit is incomplete, and so is its last item", () => {
  const request = { model: "o3", reasoning: { summary: "auto" } };
  expect(jsonOf(response(request, "length"))).toMatchObject({
    status: "incomplete",
    incomplete_details: { reason: "max_output_tokens" },
    completed_at: null,
    output: [{ type: "reasoning" }, { type: "message", status: "incomplete" }],
  });
  expect(eventsOf(response({ ...request, stream: true }, "length")).at(-1)!["type"]).toBe("response.incomplete");
});

test("a response repeats what was asked of it", () => {
  const asked = {
    instructions: "Be brief.",
    max_output_tokens: 50,
    metadata: { note: "a" },
    parallel_tool_calls: false,
    reasoning: { effort: null, summary: null },
    store: false,
    temperature: 0.5,
    top_p: 0.5,
    truncation: "auto",
    user: "somebody",
    tool_choice: "auto",
  };
  expect(jsonOf(response({ ...asked, tools: [tool] }))).toMatchObject({
    ...asked,
    tools: [{ ...tool, description: null, strict: true }],
    text: { format: { type: "text" }, verbosity: "medium" },
  });
});

test.each([
  [undefined, "default"],
  ["auto", "default"],
  ["flex", "flex"],
  ["fast", "priority"],
  ["ultrafast", "ultrafast"],
])("the service tier %s is answered with %s", (tier, told) => {
  expect(jsonOf(response({ service_tier: tier }))["service_tier"]).toBe(told);
});

test("encrypted reasoning is given where it is asked for", () => {
  const [reasoning] = jsonOf(response({ model: "o3", include: ["reasoning.encrypted_content"] }))["output"]!.map(
    (i) => i,
  );
  expect(reasoning).toMatchObject({ type: "reasoning", encrypted_content: expect.any(String) as string });
  expect(jsonOf(response({ model: "o3" }))["output"]![0]).not.toHaveProperty("encrypted_content");
});

describe("which tools are called", () => {
  const other = { ...tool, name: "other" };
  const called = (request: object): unknown[] =>
    jsonOf(response(request))["output"]!.map((item) => item["name"] ?? item["type"]);
  test.each<[string, object, string[]]>([
    ["the one that is named", { tools: [tool, other], tool_choice: { type: "function", name: "other" } }, ["other"]],
    [
      "the one that is allowed",
      {
        tools: [tool, other],
        tool_choice: { type: "allowed_tools", mode: "required", tools: [{ type: "function", name: "other" }] },
      },
      ["other"],
    ],
    ["none", { tools: [tool], tool_choice: "none" }, ["message"]],
    ["one that takes text", { tools: [custom] }, ["run"]],
    ["one that takes text, by its name", { tools: [tool, custom], tool_choice: custom }, ["run"]],
    [
      "one of a namespace",
      { tools: [{ type: "namespace", name: "crm", description: "", tools: [tool] }] },
      [tool.name],
    ],
    ["no shell unasked", { tools: [{ type: "shell" }] }, ["message"]],
    [
      "no shell of the provider's",
      { tools: [{ type: "shell", environment: { type: "container_auto" } }], tool_choice: "required" },
      ["message"],
    ],
    ["a function rather than a shell", { tools: [{ type: "local_shell" }, tool] }, [tool.name]],
    ["a shell that is named", { tools: [tool, { type: "shell" }], tool_choice: { type: "shell" } }, ["shell_call"]],
    [
      "a shell that is allowed",
      {
        tools: [tool, { type: "local_shell" }],
        tool_choice: { type: "allowed_tools", mode: "required", tools: [{ type: "local_shell" }] },
      },
      ["local_shell_call"],
    ],
    [
      "a computer that is required",
      { tools: [{ type: "computer_use_preview" }], tool_choice: "required" },
      ["computer_call"],
    ],
    [
      "a computer that is named",
      { tools: [tool, { type: "computer" }], tool_choice: { type: "computer_use" } },
      ["computer_call"],
    ],
    [
      "none after the output of a shell",
      { tools: [custom], input: [{ type: "local_shell_call_output", call_id: "c", output: "found" }] },
      ["message"],
    ],
    ["none of the provider's own", { tools: [{ type: "web_search" }] }, ["message"]],
    [
      "none after a result",
      {
        tools: [tool],
        input: [
          { type: "function_call", call_id: "c", name: "look_up", arguments: "{}" },
          { type: "function_call_output", call_id: "c", output: "found" },
        ],
      },
      ["message"],
    ],
  ])("%s", (_, request, expected) => {
    expect(called(request)).toEqual(expected);
  });
});

describe("a call", () => {
  const calledWith = (request: object): Json => jsonOf(response(request))["output"]![0]!;

  test("of a tool in a namespace tells both names", () => {
    const crm = { type: "namespace", name: "crm", description: "", tools: [{ ...tool, name: "find" }, custom] };
    const choose = (choice: object) => calledWith({ tools: [crm, tool], tool_choice: choice });
    expect(choose({ type: "function", name: "find" })).toMatchObject({
      type: "function_call",
      name: "find",
      namespace: "crm",
    });
    expect(choose({ type: "custom", name: "run", namespace: "crm" })).toMatchObject({
      type: "custom_tool_call",
      namespace: "crm",
    });
  });

  test("of a tool with a regular grammar is text that follows it", () => {
    const format = { type: "grammar", syntax: "regex", definition: "[0-9]{3}" };
    expect(calledWith({ tools: [{ ...custom, format }] })).toMatchObject({
      input: expect.stringMatching(/^[0-9]{3}$/) as string,
    });
  });

  test("of a shell only looks", () => {
    const tools = [{ type: "shell" }];
    expect(calledWith({ tools, tool_choice: "required" })).toMatchObject({
      action: { commands: [expect.stringMatching(/^(ls|pwd|date|whoami)$/) as string] },
      environment: { type: "local" },
    });
  });
});

test("tokens are those of instructions, input, images and tools", () => {
  const tokens = (request: object): number => open(responses, { ...valid, ...request }).facts.promptTokens() ?? -1;
  expect(tokens({ input: "one two" })).toBe(9);
  expect(tokens({ input: "one two", instructions: "three" })).toBe(14);
  expect(tokens({ input: [{ role: "user", content: "one two" }] })).toBe(9);
  const image = { type: "input_image", image_url: "data:,", detail: "low" };
  expect(tokens({ input: [{ role: "user", content: [{ type: "input_text", text: "one two" }, image] }] })).toBe(94);
  expect(tokens({ tools: [tool] })).toBeGreaterThan(tokens({}));
});

test("the tokens of a request are counted without answering it", () => {
  const counted = (request: object): unknown => jsonOf(open(inputTokens, request).ask().write(scriptOf([])));
  expect(counted(valid)).toEqual({ object: "response.input_tokens", input_tokens: 9 });
  expect(counted({ input: "one two", instructions: "three" })).toMatchObject({ input_tokens: 14 });
  const call = { type: "mcp_call", id: "m", server_label: "s", name: "n", arguments: "one two", output: "three" };
  expect(counted({ input: [call] })).toMatchObject({ input_tokens: 10 });
  expect(refusal(() => open(inputTokens, {}).ask())).toMatchObject({ param: "input" });
});

test("the last message of the user is found in every form of input", () => {
  const last = (input: unknown): unknown => open(responses, { ...valid, input }).facts.lastUserMessage();
  expect(last("one")).toBe("one");
  expect(
    last([
      { role: "user", content: "one" },
      { role: "assistant", content: "two" },
    ]),
  ).toBe("one");
  expect(
    last([
      {
        role: "user",
        content: [
          { type: "input_text", text: "a" },
          { type: "input_text", text: "b" },
        ],
      },
    ]),
  ).toBe("a\nb");
  expect(last([{ role: "system", content: "one" }])).toBeUndefined();
});

test.each<object>([
  { type: "tool_search_call", arguments: {} },
  { type: "tool_search_output", tools: [] },
  { type: "additional_tools", role: "developer", tools: [] },
  { type: "compaction_trigger" },
  { type: "program", id: "p", call_id: "c", code: "1", fingerprint: "f" },
  { type: "program_output", id: "p", call_id: "c", result: "1", status: "completed" },
  { type: "apply_patch_call_output", call_id: "c", status: "completed" },
])("an item of the provider's own tools is taken as it is: %j", (item) => {
  expect(jsonOf(response({ input: [item] }))).toMatchObject({ status: "completed" });
});

describe("a request is refused", () => {
  const item = (more: object): object => ({ input: [{ role: "user", content: "a", ...more }] });
  const part = (more: object): object => item({ content: [more] });
  test.each<[string, object, string, string]>([
    ["without a model", { model: undefined }, "model", "missing_required_parameter"],
    ["without input", { input: undefined }, "input", "missing_required_parameter"],
    ["with no input in the list", { input: [] }, "input", "empty_array"],
    ["with a number for input", { input: 5 }, "input", "invalid_type"],
    ["with a text in the list", { input: ["a"] }, "input[0]", "invalid_type"],
    ["with an unknown role", item({ role: "tool" }), "input[0].role", "invalid_value"],
    ["with an unknown item", item({ type: "thing" }), "input[0].type", "invalid_value"],
    ["with a message without content", item({ content: undefined }), "input[0].content", "missing_required_parameter"],
    ["with a part of the chat API", part({ type: "text", text: "a" }), "input[0].content[0].type", "invalid_value"],
    ["with an empty part", part({ type: "input_text" }), "input[0].content[0].text", "missing_required_parameter"],
    [
      "with an image as an object",
      part({ type: "input_image", image_url: {} }),
      "input[0].content[0].image_url",
      "invalid_type",
    ],
    [
      "with an assistant's part that only others say",
      item({
        role: "assistant",
        content: [
          { type: "refusal", refusal: "a" },
          { type: "input_text", text: "a" },
        ],
      }),
      "input[0].content[1]",
      "invalid_value",
    ],
    [
      "with a call without a name",
      { input: [{ type: "function_call", call_id: "c" }] },
      "input[0].name",
      "missing_required_parameter",
    ],
    [
      "with a result without output",
      { input: [{ type: "function_call_output", call_id: "c" }] },
      "input[0].output",
      "missing_required_parameter",
    ],
    [
      "with a result that answers no call",
      { input: [{ type: "function_call_output", call_id: "c", output: "a" }] },
      "input",
      "invalid_value",
    ],
    ["with too low a limit", { max_output_tokens: 15 }, "max_output_tokens", "integer_below_min_value"],
    ["with an unknown effort", { reasoning: { effort: "huge" } }, "reasoning.effort", "invalid_value"],
    [
      "with an effort for a model that has none",
      { reasoning: { effort: "low" } },
      "reasoning.effort",
      "unsupported_parameter",
    ],
    ["with a tool without a type", { tools: [{}] }, "tools[0].type", "missing_required_parameter"],
    ["with a tool without a name", { tools: [{ type: "function" }] }, "tools[0].name", "missing_required_parameter"],
    [
      "with a tool of the chat API",
      { tools: [{ type: "function", function: { name: "f" } }] },
      "tools[0].name",
      "missing_required_parameter",
    ],
    ["with a tool with blanks in its name", { tools: [{ ...tool, name: "a b" }] }, "tools[0].name", "invalid_value"],
    ["with a choice that is no tool", { tool_choice: { type: "function", name: "f" } }, "tool_choice", "invalid_value"],
    ["with an unknown choice", { tool_choice: "any" }, "tool_choice", "invalid_value"],
    ["with a format whose type is null", { text: { format: { type: null } } }, "text.format.type", "invalid_type"],
    ["with a format without a type", { text: { format: {} } }, "text.format.type", "missing_required_parameter"],
    [
      "with a namespace without tools",
      { tools: [{ type: "namespace", name: "n", tools: [] }] },
      "tools[0].tools",
      "empty_array",
    ],
    [
      "with another kind of tool in a namespace",
      { tools: [{ type: "namespace", name: "n", tools: [{ type: "shell" }] }] },
      "tools[0].tools[0].type",
      "invalid_value",
    ],
    [
      "with an unknown syntax of a grammar",
      { tools: [{ ...custom, format: { type: "grammar", definition: "", syntax: "peg" } }] },
      "tools[0].format.syntax",
      "invalid_value",
    ],
    [
      "with a choice that is no custom tool",
      { tools: [tool], tool_choice: { ...custom } },
      "tool_choice",
      "invalid_value",
    ],
    ["with a tool whose type is null", { tools: [{ type: null }] }, "tools[0].type", "invalid_type"],
    ["with an unknown format", { text: { format: { type: "xml" } } }, "text.format.type", "invalid_value"],
    [
      "with a format without a schema",
      { text: { format: { type: "json_schema", name: "n" } } },
      "text.format.schema",
      "missing_required_parameter",
    ],
    ["for JSON that it does not mention", { text: { format: { type: "json_object" } } }, "input", "invalid_value"],
    ["with options of a stream that is none", { stream_options: {} }, "stream_options", "invalid_value"],
    ["with metadata that is no text", { metadata: { a: 1 } }, "metadata.a", "invalid_type"],
    ["in the background, and not stored", { background: true, store: false }, "background", "invalid_value"],
    ["with too high a temperature", { temperature: 3 }, "temperature", "decimal_above_max_value"],
  ])("%s", (_, more, param, detail) => {
    const refused = refusal(() => open(responses, { ...valid, ...more }).ask());
    expect(refused).toMatchObject({ code: "BODY_INVALID", param, detail });
  });
});
