import { describe, expect, test } from "vitest";
import { chat as cohereChat } from "../../../../src/core/dialects/cohere/chat.ts";
import { messages as anthropic } from "../../../../src/core/dialects/anthropic/operations.ts";
import { generateContent } from "../../../../src/core/dialects/gemini/generate.ts";
import { chat as ollamaChat, generate as ollamaGenerate } from "../../../../src/core/dialects/ollama/generate.ts";
import { chat } from "../../../../src/core/dialects/openai/chat/index.ts";
import { completions } from "../../../../src/core/dialects/openai/completions/index.ts";
import { embeddings } from "../../../../src/core/dialects/openai/embeddings/index.ts";
import { responses } from "../../../../src/core/dialects/openai/responses/index.ts";
import type { Operation } from "../../../../src/core/dialects/types.ts";
import { parsePath } from "../../../../src/core/json-path.ts";
import { compileMatch, type Match } from "../../../../src/core/match.ts";
import type { Call } from "../../../../src/core/types.ts";
import { makeCall } from "../../../support/call.ts";

/** A call as the rules see it of a request to an operation. */
function callTo(operation: Operation, request: object): Call {
  const text = JSON.stringify(request);
  const body = { bytes: new TextEncoder().encode(text), text: () => text };
  const { facts } = operation.open({ headers: {}, target: operation.route, body, count: (each) => each.length });
  return { ...makeCall(), facts };
}

const meets = (call: Call, match: Match): boolean =>
  compileMatch(match, "rule", false).every((condition) => condition.test(call, 1));

const chatTurns = [
  { role: "system", content: "You are terse." },
  { role: "user", content: "Weather in Paris?" },
  {
    role: "assistant",
    content: null,
    tool_calls: [{ id: "call_1", type: "function", function: { name: "get_weather", arguments: "{}" } }],
  },
  { role: "tool", tool_call_id: "call_1", content: "sunny, 20 degrees" },
];
const inBlocks = [
  { role: "user", content: "Weather in Paris?" },
  { role: "assistant", content: [{ type: "tool_use", id: "call_1", name: "get_weather", input: {} }] },
  {
    role: "user",
    content: [{ type: "tool_result", tool_use_id: "call_1", content: [{ type: "text", text: "sunny, 20 degrees" }] }],
  },
];
const items = [
  { role: "user", content: "Weather in Paris?" },
  { type: "function_call", call_id: "call_1", name: "get_weather", arguments: "{}" },
  { type: "function_call_output", call_id: "call_1", output: "sunny, 20 degrees" },
];
const contents = [
  { role: "user", parts: [{ text: "Weather in Paris?" }] },
  { role: "model", parts: [{ functionCall: { name: "get_weather", args: {} } }] },
  { role: "user", parts: [{ functionResponse: { name: "get_weather", response: { sky: "sunny, 20 degrees" } } }] },
];

/** The same conversation in each API: how many messages it has there, and the request after the first so many. */
const apis: readonly (readonly [string, Operation, number, (upTo: number) => object])[] = [
  [
    "chat",
    chat,
    4,
    (upTo) => ({
      model: "m",
      messages: chatTurns.slice(0, upTo + 1),
      tools: [{ type: "function", function: { name: "get_weather" } }],
    }),
  ],
  [
    "responses",
    responses,
    3,
    (upTo) => ({
      model: "m",
      instructions: "You are terse.",
      input: items.slice(0, upTo),
      tools: [{ type: "function", name: "get_weather" }],
    }),
  ],
  [
    "anthropic",
    anthropic,
    3,
    (upTo) => ({
      model: "m",
      system: [{ type: "text", text: "You are terse." }],
      messages: inBlocks.slice(0, upTo),
      tools: [{ name: "get_weather" }],
    }),
  ],
  [
    "gemini",
    generateContent,
    3,
    (upTo) => ({
      system_instruction: { parts: [{ text: "You are terse." }] },
      contents: contents.slice(0, upTo),
      tools: [{ function_declarations: [{ name: "get_weather" }] }],
    }),
  ],
  [
    "ollama",
    ollamaChat,
    4,
    (upTo) => ({
      model: "m",
      messages: chatTurns.slice(0, upTo + 1),
      tools: [{ type: "function", function: { name: "get_weather" } }],
    }),
  ],
  [
    "cohere",
    cohereChat,
    4,
    (upTo) => ({
      model: "m",
      messages: chatTurns.slice(0, upTo + 1),
      tools: [{ type: "function", function: { name: "get_weather" } }],
    }),
  ],
];

describe.each(apis)("rules see of a conversation with %s", (_name, operation, count, request) => {
  const asked = callTo(operation, request(1));
  const resulted = callTo(operation, request(3));

  test("whether the result of a tool stands after the user's words", () => {
    expect([meets(asked, { hasToolResult: false }), meets(resulted, { hasToolResult: true })]).toEqual([true, true]);
    expect([meets(asked, { hasToolResult: true }), meets(resulted, { hasToolResult: false })]).toEqual([false, false]);
  });

  test("what that result says", () => {
    expect(meets(resulted, { toolResult: "sunny, \\d+" })).toBe(true);
    expect([meets(resulted, { toolResult: "rain" }), meets(asked, { toolResult: "." })]).toEqual([false, false]);
  });

  test("which tools there are", () => {
    expect(meets(asked, { toolNames: "get_*" })).toBe(true);
    expect(meets(asked, { toolNames: ["get_weather", "get_time"] })).toBe(false);
  });

  test("the system prompt", () => {
    expect([meets(asked, { system: "(?i)TERSE" }), meets(asked, { system: "verbose" })]).toEqual([true, false]);
  });

  test("how many messages it has, and how many are the model's", () => {
    expect(meets(resulted, { messages: { min: count, max: count }, turns: { min: 1, max: 1 } })).toBe(true);
    expect(meets(resulted, { messages: { max: count - 1 } })).toBe(false);
    expect([meets(asked, { turns: { max: 0 } }), meets(resulted, { turns: { max: 0 } })]).toEqual([true, false]);
  });

  test("the user's last words, also after the result of a tool", () => {
    expect(meets(resulted, { lastUserMessage: "Weather in Paris" })).toBe(true);
  });
});

test("a result before the user's last words does not count", () => {
  const call = callTo(chat, { model: "m", messages: [...chatTurns, { role: "user", content: "Thanks" }] });
  expect(meets(call, { hasToolResult: false })).toBe(true);
});

test("a prompt of Ollama is one message of the user", () => {
  const call = callTo(ollamaGenerate, { model: "m", prompt: "Hi", system: "Be brief" });
  expect(meets(call, { messages: { min: 1, max: 1 }, system: "brief", hasToolResult: false })).toBe(true);
});

test.each<Match>([
  { hasToolResult: false },
  { messages: {} },
  { toolNames: "*" },
  { system: "." },
  { turns: {} },
  { toolResult: "." },
])("nobody is asked to say something for vectors, so %o does not hold", (match) => {
  expect(meets(callTo(embeddings, { model: "m", input: "Hi" }), match)).toBe(false);
});

test("a prompt of a completion is one message of the user", () => {
  const call = callTo(completions, { model: "m", prompt: "Hi" });
  expect(meets(call, { messages: { min: 1, max: 1 }, turns: { max: 0 }, hasToolResult: false })).toBe(true);
});

describe("json", () => {
  const body = { model: "m", messages: chatTurns, metadata: { user: "ann", "a b": [1, { x: null }] }, seed: 7 };
  const call = callTo(chat, body);

  test.each([
    ["$.seed", 7, true],
    ["$.seed", "7", false],
    ["$.metadata.user", "ann", true],
    ["$['metadata'][\"a b\"][1].x", null, true],
    ["$.messages[-1].role", "tool", true],
    ["$.messages[4]", "tool", false],
    ["$.metadata", { "a b": [1, { x: null }], user: "ann" }, true],
    ["$.metadata", { user: "ann" }, false],
    ["$.constructor", "x", false],
    ["$.missing.further", 1, false],
  ])("%s equals %j: %s", (path, equals, holds) => {
    expect(meets(call, { json: { path, equals } })).toBe(holds);
  });

  test("several must all hold", () => {
    const seed = { path: "$.seed", equals: 7 };
    expect(meets(call, { json: [seed, { path: "$.model", equals: "m" }] })).toBe(true);
    expect(meets(call, { json: [seed, { path: "$.model", equals: "n" }] })).toBe(false);
  });

  test.each(["seed", "$seed", "$.a[*]", "$..a", "$.a[01]", "$.a['b]", "$.a[?@.b]", ""])(
    "%j is no path to one value",
    (path) => {
      expect(parsePath(path)).toContain("a singular query of JSONPath");
    },
  );

  test("explain shows what stood there", () => {
    const [condition] = compileMatch({ json: { path: "$.seed", equals: 8 } }, "rule", false);
    expect([condition!.name, condition!.expected, condition!.seen(call, 1)]).toEqual(["json $.seed", "8", "7"]);
  });
});
