import { describe, expect, test } from "vitest";
import type { Part } from "../../../../../../src/core/simulator/parts.ts";
import { chat } from "../../../../../../src/core/dialects/openai/chat/index.ts";
import { bodyOf, chunksOf, type Loose } from "../../../../../support/chat-stream.ts";
import { simulated } from "../../../../../support/simulated.ts";
import { open, scriptOf } from "../../support.ts";
import { framesOf } from "../../../../../support/frames.ts";

const messages = [{ role: "user", content: "say hello" }];
const weather = {
  type: "function",
  function: {
    name: "weather",
    parameters: { type: "object", properties: { city: { const: "Rome" } }, required: ["city"] },
  },
};
const time = { type: "function", function: { name: "time" } };
const shell = { type: "custom", custom: { name: "shell" } };
const plain = { stream: true, stream_options: { include_obfuscation: false } };

function body(request: object, seed = 1): Loose {
  return bodyOf(simulated(chat, { model: "gpt-4o", messages, ...request }, seed));
}

function chunks(request: object, seed = 1): Loose[] {
  return chunksOf(simulated(chat, { model: "gpt-4o", messages, ...plain, ...request }, seed));
}

function deltas(request: object): Loose[] {
  return chunks(request).map(({ choices }) => choices[0].delta);
}

/** The response to a request with what the model says given. */
function said(parts: readonly Part[], request: object = {}) {
  const tokens = parts.flatMap((part) => part.tokens);
  return open(chat, { model: "gpt-4o", messages, ...request })
    .ask()
    .write(scriptOf(tokens, { parts }));
}

function part(kind: Part["kind"], tokens: readonly string[], name?: string): Part {
  return { kind, tokens, text: tokens.join(""), ...(name === undefined ? {} : { name }) };
}

describe("a call of a tool", () => {
  test("stands in the message, without content, and ends it", () => {
    const [choice] = body({ tools: [weather] }).choices;
    expect(choice).toEqual({
      index: 0,
      message: {
        role: "assistant",
        content: null,
        refusal: null,
        tool_calls: [
          {
            id: expect.stringMatching(/^call_[A-Za-z0-9]{24}$/),
            type: "function",
            function: { name: "weather", arguments: `{"city":"Rome"}` },
          },
        ],
        annotations: [],
      },
      logprobs: null,
      finish_reason: "tool_calls",
    });
  });

  test("is streamed as the provider does: role, name, pieces of the arguments, finish", () => {
    const [role, name, ...rest] = deltas({ tools: [weather] });
    expect(role).toEqual({ role: "assistant", content: null, refusal: null });
    expect(name).toEqual({
      tool_calls: [
        {
          index: 0,
          id: expect.stringMatching(/^call_/),
          type: "function",
          function: { name: "weather", arguments: "" },
        },
      ],
    });
    expect(rest.at(-1)).toEqual({});
    const pieces = rest.slice(0, -1);
    expect(pieces.length).toBeGreaterThan(2);
    for (const piece of pieces) {
      expect(piece).toEqual({ tool_calls: [{ index: 0, function: { arguments: expect.any(String) } }] });
    }
    expect(pieces.map(({ tool_calls: [call] }) => call.function.arguments).join("")).toBe(`{"city":"Rome"}`);
  });

  test("has the same id in the JSON response and in the stream", () => {
    const [call] = body({ tools: [weather] }).choices[0].message.tool_calls;
    expect(deltas({ tools: [weather] })[1].tool_calls[0].id).toBe(call.id);
  });

  test("carries one token a piece; role, name and finish carry none", () => {
    const frames = framesOf(simulated(chat, { model: "gpt-4o", messages, ...plain, tools: [weather] }));
    const pieces = frames.length - 4;
    expect(frames.map(({ tokens }) => tokens)).toEqual([0, 0, ...Array.from({ length: pieces }, () => 1), 0, 0]);
  });

  test("is one of several at once, each with its index and id", () => {
    const request = { tools: [weather, time, shell] };
    const seed = Array.from({ length: 50 }, (_, each) => each).find(
      (each) => body(request, each).choices[0].message.tool_calls.length === 3,
    )!;
    const { tool_calls: calls } = body(request, seed).choices[0].message;
    expect(new Set(calls.map(({ id }: Loose) => id)).size).toBe(3);
    const opened = chunks(request, seed)
      .flatMap(({ choices }) => choices[0].delta.tool_calls ?? [])
      .filter((call) => call.id !== undefined);
    expect(opened.map(({ index, id }) => ({ index, id }))).toEqual(
      calls.map(({ id }: Loose, index: number) => ({ index, id })),
    );
  });

  test("is alone where calls may not be parallel", () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const { message } = body({ tools: [weather, time], parallel_tool_calls: false }, seed).choices[0];
      expect(message.tool_calls).toHaveLength(1);
    }
  });

  test("of a custom tool has text for its input", () => {
    const [call] = body({ tools: [shell] }).choices[0].message.tool_calls;
    expect(call).toMatchObject({ type: "custom", custom: { name: "shell", input: expect.stringMatching(/\w/) } });
    expect(deltas({ tools: [shell] })[1].tool_calls[0]).toMatchObject({
      type: "custom",
      custom: { name: "shell", input: "" },
    });
  });

  test("of a custom tool with a regular grammar has text of it", () => {
    const format = { type: "grammar", grammar: { syntax: "regex", definition: "[A-Z]{3}-\\d+" } };
    const [call] = body({ tools: [{ type: "custom", custom: { name: "plate", format } }] }).choices[0].message
      .tool_calls;
    expect(call.custom.input).toMatch(/^[A-Z]{3}-\d+$/);
  });

  test.each([
    ["none", "none", undefined],
    ["the named one", { type: "function", function: { name: "time" } }, ["time"]],
    ["a custom one by name", { type: "custom", custom: { name: "shell" } }, ["shell"]],
    [
      "one of those allowed",
      {
        type: "allowed_tools",
        allowed_tools: { mode: "required", tools: [{ type: "function", function: { name: "weather" } }] },
      },
      ["weather"],
    ],
  ])("is made to %s", (_, choice, names) => {
    for (let seed = 0; seed < 10; seed += 1) {
      const { message } = body({ tools: [weather, time, shell], tool_choice: choice }, seed).choices[0];
      expect(message.tool_calls?.map((call: Loose) => (call.function ?? call.custom).name)).toEqual(names);
    }
  });

  test("is not made again once its result is there, unless it is required", () => {
    const call = { id: "c", type: "function", function: { name: "time", arguments: "{}" } };
    const conversation = [
      ...messages,
      { role: "assistant", tool_calls: [call] },
      { role: "tool", tool_call_id: "c", content: "noon" },
    ];
    const auto = body({ messages: conversation, tools: [time] }).choices[0];
    expect(auto.message.tool_calls).toBeUndefined();
    expect(auto.finish_reason).toBe("stop");
    const required = body({ messages: conversation, tools: [time], tool_choice: "required" }).choices[0];
    expect(required.finish_reason).toBe("tool_calls");
  });

  test("that is cut off by the limit has half of its arguments", () => {
    const [choice] = body({ tools: [weather], max_tokens: 3 }).choices;
    expect(choice.finish_reason).toBe("length");
    const { arguments: half } = choice.message.tool_calls[0].function;
    expect(`{"city":"Rome"}`.startsWith(half)).toBe(true);
    expect(half.length).toBeLessThan(15);
  });
});

describe("an old function", () => {
  const request = { functions: [weather.function] };

  test("is called in the message", () => {
    const [choice] = body(request).choices;
    expect(choice.message).toMatchObject({
      content: null,
      function_call: { name: "weather", arguments: `{"city":"Rome"}` },
    });
    expect(choice.message.tool_calls).toBeUndefined();
    expect(choice.finish_reason).toBe("function_call");
  });

  test("is called in a stream", () => {
    const [, name, first] = deltas(request);
    expect(name).toEqual({ function_call: { name: "weather", arguments: "" } });
    expect(first).toEqual({ function_call: { arguments: expect.any(String) } });
  });

  test("is not called where there shall be none, and is where it is named", () => {
    expect(body({ ...request, function_call: "none" }).choices[0].message.function_call).toBeUndefined();
    const named = { functions: [weather.function, { name: "other" }], function_call: { name: "other" } };
    expect(body(named).choices[0].message.function_call.name).toBe("other");
  });
});

describe("JSON", () => {
  test("is an object where any will do", () => {
    const asked = {
      messages: [{ role: "user", content: "as JSON, please" }],
      response_format: { type: "json_object" },
    };
    expect(JSON.parse(body(asked).choices[0].message.content)).toBeTypeOf("object");
  });

  test.each([true, false, null])("is of the schema given, strict or not (%s)", (strict) => {
    const schema = {
      type: "object",
      properties: { ok: { const: true } },
      required: ["ok"],
      additionalProperties: false,
    };
    const [choice] = body({
      response_format: { type: "json_schema", json_schema: { name: "s", schema, strict } },
    }).choices;
    expect(choice).toMatchObject({ message: { content: `{"ok":true}` }, finish_reason: "stop" });
  });
});

describe("a model that reasons", () => {
  const usageOf = (request: object) => body(request).usage;

  test.each([
    ["none", 0],
    ["minimal", 5],
    ["low", 25],
    ["medium", 50],
    [undefined, 50],
    ["high", 75],
  ])("with effort %s spends %i of 100 tokens on it", (effort, tokens) => {
    const usage = usageOf({ model: "o3", reasoning_effort: effort });
    expect(usage).toMatchObject({ completion_tokens: 100, completion_tokens_details: { reasoning_tokens: tokens } });
  });

  test.each(["o1", "o1-mini", "o3-pro", "o4-mini-2025-04-16", "gpt-5", "gpt-5.1", "gpt-5-mini", "openai/o3"])(
    "is %s",
    (model) => {
      expect(usageOf({ model }).completion_tokens_details.reasoning_tokens).toBe(50);
    },
  );

  test.each(["gpt-4o", "gpt-5-chat-latest", "o3000", "gpt-4o1", "oo1"])("is not %s", (model) => {
    expect(usageOf({ model }).completion_tokens_details.reasoning_tokens).toBe(0);
  });

  test("does not show it, and says its first word later", () => {
    const plan = simulated(chat, { model: "o3", messages, ...plain, stream: true });
    expect(framesOf(plan)[0]).toMatchObject({ atMs: 300 + 50 * 15, tokens: 0 });
    expect(framesOf(plan).filter(({ tokens }) => tokens === 1)).toHaveLength(50);
    expect(plan.endAtMs).toBe(300 + 99 * 15);
  });

  test("may use up the limit before it says a word", () => {
    const request = { model: "o3", max_completion_tokens: 20 };
    const { choices, usage } = body(request);
    expect(choices[0]).toMatchObject({ message: { content: "" }, finish_reason: "length" });
    expect(usage).toMatchObject({ completion_tokens: 20, completion_tokens_details: { reasoning_tokens: 20 } });
    expect(deltas(request)).toEqual([{ role: "assistant", content: "", refusal: null }, {}]);
  });
});

describe("logprobs", () => {
  const request = { logprobs: true, top_logprobs: 3, max_tokens: 5 };

  test("tell for each token how likely it was, its bytes, and the likeliest ones", () => {
    const [{ message, logprobs }] = body(request).choices;
    expect(logprobs.refusal).toBeNull();
    expect(logprobs.content).toHaveLength(5);
    expect(logprobs.content.map(({ token }: Loose) => token).join("")).toBe(message.content);
    for (const { token, logprob, bytes, top_logprobs: top } of logprobs.content) {
      expect(bytes).toEqual([...new TextEncoder().encode(token)]);
      expect(logprob).toBeLessThanOrEqual(0);
      expect(top).toHaveLength(3);
      expect(top[0]).toEqual({ token, logprob, bytes });
      expect(new Set(top.map((each: Loose) => each.token)).size).toBe(3);
      const chances = top.map((each: Loose) => Math.exp(each.logprob));
      expect(chances).toEqual(chances.toSorted((a: number, b: number) => b - a));
      expect(chances.reduce((sum: number, each: number) => sum + each, 0)).toBeLessThanOrEqual(1.001);
    }
  });

  test("stand on the chunk of their token", () => {
    const told = chunks(request).map(({ choices }) => choices[0].logprobs);
    expect(told[0]).toBeNull();
    expect(told.at(-1)).toBeNull();
    expect(told.slice(1, -1).map(({ content }) => content[0])).toEqual(body(request).choices[0].logprobs.content);
  });

  test("name no other tokens where none were asked for", () => {
    const [{ logprobs }] = body({ logprobs: true }).choices;
    expect(logprobs.content[0].top_logprobs).toEqual([]);
  });

  test("are null where only tools are called", () => {
    expect(body({ tools: [time], logprobs: true }).choices[0].logprobs).toBeNull();
  });
});

describe("several choices", () => {
  test("say different things, each as long", () => {
    const { choices, usage } = body({ n: 3 });
    expect(choices.map(({ index }: Loose) => index)).toEqual([0, 1, 2]);
    expect(new Set(choices.map(({ message }: Loose) => message.content)).size).toBe(3);
    expect(usage.completion_tokens).toBe(300);
  });

  test("hold to the limit each", () => {
    const { choices, usage } = body({ n: 2, max_tokens: 7 });
    expect(choices.map((choice: Loose) => choice.finish_reason)).toEqual(["length", "length"]);
    expect(usage.completion_tokens).toBe(14);
  });

  test("take turns in a stream, and each ends when it is done", () => {
    const list = chunks({ n: 2, stop: " the" }).map(({ choices }) => choices[0]);
    expect(list.slice(0, 4).map(({ index }) => index)).toEqual([0, 1, 0, 1]);
    expect(
      list.filter(({ finish_reason: finish }) => finish !== null).map(({ finish_reason: finish }) => finish),
    ).toEqual(["stop", "stop"]);
  });
});

describe("stop texts", () => {
  test("cut the text after reasoning and leave the reasoning", () => {
    const parts = [part("reasoning", ["a", " stop"]), part("text", ["say", " it", " now"])];
    const { choices, usage } = bodyOf(said(parts, { model: "o3", stop: " it" }));
    expect(choices[0]).toMatchObject({ message: { content: "say" }, finish_reason: "stop" });
    expect(usage.completion_tokens).toBe(3);
  });

  test("are not looked for in what a tool is called with", () => {
    const [choice] = body({ tools: [weather], stop: ["Rome", "{"] }).choices;
    expect(choice.message.tool_calls[0].function.arguments).toBe(`{"city":"Rome"}`);
  });

  test("end the response before what would come after the text", () => {
    const parts = [part("text", ["let", " me", " look"]), part("call", ["{}"], "time")];
    const [choice] = bodyOf(said(parts, { tools: [time], stop: " me" })).choices;
    expect(choice).toMatchObject({ message: { content: "let" }, finish_reason: "stop" });
    expect(choice.message.tool_calls).toBeUndefined();
  });
});

describe("a refusal", () => {
  const parts = [part("refusal", ["I", " cannot"])];

  test("stands in the message in place of content", () => {
    const [choice] = bodyOf(said(parts, { logprobs: true })).choices;
    expect(choice).toMatchObject({ message: { content: null, refusal: "I cannot" }, finish_reason: "stop" });
    expect(choice.logprobs).toMatchObject({ content: null, refusal: [{ token: "I" }, { token: " cannot" }] });
  });

  test("is streamed as one", () => {
    const list = chunksOf(said(parts, plain)).map(({ choices }) => choices[0].delta);
    expect(list).toEqual([
      { role: "assistant", content: null, refusal: null },
      { refusal: "I" },
      { refusal: " cannot" },
      {},
    ]);
  });
});

test("text before a call stands beside it", () => {
  const parts = [part("text", ["Let", " me", " look"]), part("call", ["{}"], "time")];
  const [choice] = bodyOf(said(parts, { tools: [time] })).choices;
  expect(choice).toMatchObject({
    message: { content: "Let me look", tool_calls: [{ function: { name: "time", arguments: "{}" } }] },
    finish_reason: "tool_calls",
  });
});

test.each([
  [undefined, "default"],
  ["auto", "default"],
  ["default", "default"],
  ["flex", "flex"],
  ["priority", "priority"],
  ["fast", "priority"],
])("the service tier %s is answered with %s", (tier, told) => {
  expect(body({ service_tier: tier }).service_tier).toBe(told);
  expect(chunks({ service_tier: tier })[0].service_tier).toBe(told);
});

test("a plain request is not composed", () => {
  const ask = open(chat, { model: "gpt-4o", messages, n: 2, logprobs: true, response_format: { type: "text" } }).ask();
  expect(ask).not.toHaveProperty("compose");
});
