import { describe, expect, test } from "vitest";
import { StuntdoubleError } from "../../../../../src/core/errors.ts";
import { chat } from "../../../../../src/core/dialects/openai/chat/index.ts";
import { responses } from "../../../../../src/core/dialects/openai/responses/index.ts";
import { vllm } from "../../../../../src/core/dialects/vllm/index.ts";
import type { AskSettings, Operation } from "../../../../../src/core/dialects/types.ts";
import { open, refusal } from "../support.ts";

const talk = { messages: [{ role: "user", content: "hi" }] };
const lenient = { fidelity: "lenient" } as const;

function askChat(request: object, settings?: AskSettings) {
  return open(chat, { ...talk, ...request }).ask(settings);
}

function askResponse(request: object, settings?: AskSettings) {
  return open(responses, { input: "hi", ...request }).ask(settings);
}

const unsupported = (name: string): string => `Unsupported parameter: '${name}' is not supported with this model.`;

describe("a model that reasons", () => {
  test.each([
    [
      "gpt-5",
      { temperature: 0 },
      "unsupported_value",
      "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.",
    ],
    [
      "o1",
      { temperature: 0.2 },
      "unsupported_value",
      "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.",
    ],
    ["o3-mini", { temperature: 0 }, "unsupported_parameter", unsupported("temperature")],
    ["gpt-5-mini", { top_p: 0.5 }, "unsupported_parameter", unsupported("top_p")],
    ["o4-mini", { presence_penalty: 1 }, "unsupported_parameter", unsupported("presence_penalty")],
    ["o3", { frequency_penalty: 1 }, "unsupported_parameter", unsupported("frequency_penalty")],
    ["gpt-5.1", { top_p: 0.5, reasoning_effort: "low" }, "unsupported_parameter", unsupported("top_p")],
  ])("%s does not take %j in a chat", (model, settings, detail, message) => {
    const [param] = Object.keys(settings);
    expect(refusal(() => askChat({ model, ...settings }))).toMatchObject({ detail, message, param });
    expect(askChat({ model, ...settings }, lenient).model).toBe(model);
  });

  test("tells no logprobs in a chat", () => {
    const refused = refusal(() => askChat({ model: "o4-mini", logprobs: true }));
    expect(refused).toMatchObject({ detail: null, message: "You are not allowed to request logprobs from this model" });
    expect(() => askChat({ model: "o4-mini", logprobs: true })).toThrow(
      expect.objectContaining({ status: 403 }) as StuntdoubleError,
    );
  });

  test.each([
    ["gpt-5", { temperature: 1, top_p: 1, presence_penalty: 0, frequency_penalty: 0 }],
    ["gpt-5.1", { temperature: 0 }],
    ["gpt-5.2", { temperature: 0, reasoning_effort: "none" }],
    ["gpt-5-chat-latest", { temperature: 0 }],
    ["gpt-oss-120b", { temperature: 0, top_p: 0.5 }],
    ["gpt-4o", { temperature: 0, logprobs: true }],
  ])("%s takes %j", (model, settings) => {
    expect(askChat({ model, ...settings }).model).toBe(model);
  });

  test.each(["temperature", "top_p"])("does not take %s in the Responses API", (name) => {
    expect(refusal(() => askResponse({ model: "gpt-5", [name]: 0.5 }))).toMatchObject({
      param: name,
      detail: null,
      message: unsupported(name),
    });
    expect(askResponse({ model: "gpt-5", [name]: 1 }).model).toBe("gpt-5");
    expect(askResponse({ model: "gpt-5", [name]: 0.5 }, lenient).model).toBe("gpt-5");
  });

  test("tells no logprobs in the Responses API", () => {
    expect(refusal(() => askResponse({ model: "gpt-5", include: ["message.output_text.logprobs"] }))).toMatchObject({
      param: "include",
      detail: "unsupported_parameter",
      message: "logprobs are not supported with reasoning models.",
    });
  });

  test("takes all of that, and the older limit, at a server that is only compatible", () => {
    const operation = vllm.operations.find(({ name }) => name === "chat") as Operation;
    const request = { ...talk, model: "o3", temperature: 0, logprobs: true, max_tokens: 5 };
    expect(open(operation, request).ask().maxTokens).toBe(5);
  });
});

const open1 = { type: "object", properties: { a: { type: "string" } }, required: ["a"] };
const closed = { ...open1, additionalProperties: false };
const words: readonly (readonly [schema: object, problem: string])[] = [
  [open1, "In context=(), 'additionalProperties' is required to be supplied and to be false."],
  [
    { ...closed, required: [] },
    "In context=(), 'required' is required to be supplied and to be an array including every key in properties. Missing 'a'.",
  ],
  [{ ...closed, properties: { a: { oneOf: [] } } }, "In context=('properties', 'a'), 'oneOf' is not permitted."],
  [{ ...closed, properties: { a: { allOf: [] } } }, "In context=('properties', 'a'), 'allOf' is not permitted."],
  [
    { ...closed, properties: { a: { type: "array", items: {}, uniqueItems: true } } },
    "In context=('properties', 'a'), 'uniqueItems' is not permitted.",
  ],
  [
    { ...closed, properties: { a: { type: "string", default: "b" } } },
    "In context=('properties', 'a'), 'default' is not permitted.",
  ],
];

describe("a strict schema", () => {
  test.each(words)("%j is refused of a function and of a format in the Responses API", (schema, problem) => {
    const tools = [{ type: "function", name: "f", strict: true, parameters: schema }];
    expect(refusal(() => askResponse({ model: "m", tools }))).toMatchObject({
      param: "tools[0].parameters",
      detail: "invalid_function_parameters",
      message: `Invalid schema for function 'f': ${problem}`,
    });
    const text = { format: { type: "json_schema", name: "s", strict: true, schema } };
    expect(refusal(() => askResponse({ model: "m", text }))).toMatchObject({
      param: "text.format.schema",
      detail: "invalid_json_schema",
      message: `Invalid schema for response_format 's': ${problem}`,
    });
    expect(askResponse({ model: "m", tools, text }, lenient).model).toBe("m");
  });

  test.each(words)("%j is refused of a chat, too", (schema, problem) => {
    const tools = [{ type: "function", function: { name: "f", strict: true, parameters: schema } }];
    expect(refusal(() => askChat({ model: "m", tools })).message).toContain(problem);
    expect(askChat({ model: "m", tools }, lenient).model).toBe("m");
  });

  test("is not what a function has that does not say so", () => {
    const tools = [{ type: "function", name: "f", parameters: open1 }];
    expect(askResponse({ model: "m", tools }).model).toBe("m");
  });
});

test("the result of a function may leave open whose it is", () => {
  const input = [{ type: "function_call_output", name: "f", output: "x" }];
  expect(askResponse({ model: "m", input }).model).toBe("m");
  expect(askResponse({ model: "m", input: [{ ...input[0], call_id: null }] }).model).toBe("m");
});

test("an image in a large request of the Responses API counts as an image", () => {
  const url = `data:image/png;base64,${"A".repeat(2_000_000)}`;
  const content = [{ type: "input_image", image_url: url }];
  expect(open(responses, { model: "m", input: [{ role: "user", content }] }).facts.promptTokens()).toBeLessThan(1000);
});
