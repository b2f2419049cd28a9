import { describe, expect, test } from "vitest";
import { chat } from "../../../../../../src/core/dialects/openai/chat/index.ts";
import { createSseReader } from "../../../../../../src/core/dialects/shared/streams/sse.ts";
import { judge, readUsage } from "../../../../../../src/core/dialects/openai/events.ts";
import {
  bytesOf,
  chunksOf,
  header,
  jsonOf,
  open,
  refusal,
  scriptOf,
  textsOf,
  wordOf,
  type Json,
} from "../../support.ts";
import { framesOf } from "../../../../../support/frames.ts";

const messages = [{ role: "user", content: "say hello" }];
const valid = { model: "gpt-4o", messages };
const tokens = ["Hello", ' "world"', ",\n", " 漢", "🙂", "."];
const text = tokens.join("");

function response(request: object, script = scriptOf(tokens)) {
  return open(chat, { ...valid, ...request })
    .ask()
    .write(script);
}

function contentOf(chunks: readonly Json[], index = 0): string {
  return chunks
    .flatMap((chunk) => chunk["choices"]!.map((choice) => choice))
    .filter((choice) => Number(choice["index"]) === index)
    .map((choice) => wordOf(choice["delta"]!["content"]))
    .join("");
}

describe("facts", () => {
  const padding = "x ".repeat(12_000);

  describe.each([
    ["a small request", {}],
    ["a large request", { metadata: { padding } }],
  ])("of %s", (_, more) => {
    test("tell model and stream", () => {
      const { facts } = open(chat, { ...valid, stream: true, ...more });
      expect(facts).toMatchObject({ model: "gpt-4o", stream: true });
    });

    test("have no model when it is no text", () => {
      expect(open(chat, { model: 5, ...more }).facts.model).toBeUndefined();
    });

    test("give the last message of the user, its text parts joined", () => {
      const content = [
        { type: "text", text: "one" },
        { type: "image_url", image_url: { url: "u" } },
        { type: "text", text: "two" },
      ];
      const list = [...messages, { role: "user", content }, { role: "assistant", content: "x" }];
      expect(open(chat, { messages: list, ...more }).facts.lastUserMessage()).toBe("one\ntwo");
    });

    test("give no last message where the user said nothing", () => {
      expect(
        open(chat, { messages: [{ role: "system", content: "x" }], ...more }).facts.lastUserMessage(),
      ).toBeUndefined();
    });

    test("count the texts of all messages, four for each and three for the response", () => {
      const list = [{ role: "system", content: "be brief" }, ...messages];
      expect(open(chat, { messages: list, ...more }).facts.promptTokens()).toBe(2 + 2 + 2 * 4 + 3);
    });
  });

  test("count what the model refused before", () => {
    const refused = { role: "assistant", content: [{ type: "refusal", refusal: "not that" }] };
    const list = [...valid.messages, refused, ...valid.messages];
    expect(open(chat, { ...valid, messages: list }).facts.promptTokens()).toBe(2 + 2 + 2 + 3 * 4 + 3);
  });

  test("count the JSON of tools", () => {
    expect(open(chat, { ...valid, tools: [{ type: "function" }] }).facts.promptTokens()).toBe(2 + 4 + 3 + 1);
  });

  test("of more than 64 KB estimate the prompt by its size", () => {
    const content = "x".repeat(100_000);
    const { facts } = open(chat, { model: "m", messages: [{ role: "user", content }] });
    expect(facts.promptTokens()).toBeGreaterThan(25_000);
    expect(facts.promptTokens()).toBeLessThan(25_100);
  });
});

describe("a valid request", () => {
  test("is told in the simulator's terms", () => {
    const ask = open(chat, { ...valid, stream: true, max_tokens: 9, seed: -3 }).ask();
    expect(ask).toMatchObject({ model: "gpt-4o", stream: true, promptTokens: 9, maxTokens: 9, seed: -3 });
  });

  test("has no limit and no seed of its own", () => {
    expect(open(chat, valid).ask()).toMatchObject({ stream: false, maxTokens: undefined, seed: undefined });
  });

  test("prefers max_completion_tokens", () => {
    expect(open(chat, { ...valid, max_tokens: 9, max_completion_tokens: 5 }).ask().maxTokens).toBe(5);
  });

  test.each([
    [
      "nulls",
      {
        temperature: null,
        top_p: null,
        n: null,
        stop: null,
        stream: null,
        stream_options: null,
        seed: null,
        tools: null,
      },
    ],
    ["a seed of 64 bits", { seed: 2 ** 63 }],
    [
      "tools",
      { tools: [{ type: "function", function: { name: "f" } }], tool_choice: "auto", parallel_tool_calls: false },
    ],
    ["logprobs", { logprobs: true, top_logprobs: 3 }],
    ["an assistant without content", { messages: [...messages, { role: "assistant", content: null, tool_calls: [] }] }],
    ["an assistant with nothing", { messages: [...messages, { role: "assistant" }] }],
    [
      "a tool's response",
      {
        messages: [
          ...messages,
          { role: "assistant", tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }] },
          { role: "tool", tool_call_id: "c", content: "4" },
        ],
      },
    ],
    [
      "every kind of role",
      {
        messages: [
          { role: "system", content: "" },
          { role: "developer", content: "d" },
          { role: "function", name: "f", content: null },
        ],
      },
    ],
    ["an image", { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "data:," } }] }] }],
    ["members that are not known", { top_k: 5 }],
  ])("may have %s", (_, more) => {
    expect(() => open(chat, { ...valid, ...more }).ask()).not.toThrow();
  });
});

describe("a request is refused", () => {
  const user = (content: unknown): object => ({ messages: [{ role: "user", content }] });
  test.each<[string, object, string, string]>([
    ["without a model", { model: undefined }, "model", "missing_required_parameter"],
    ["with an empty model", { model: "" }, "model", "invalid_type"],
    ["with a number for a model", { model: 5 }, "model", "invalid_type"],
    ["with a model of 300 characters", { model: "m".repeat(300) }, "model", "string_above_max_length"],
    ["without messages", { messages: undefined }, "messages", "missing_required_parameter"],
    ["with a text for messages", { messages: "hi" }, "messages", "invalid_type"],
    ["with no message", { messages: [] }, "messages", "empty_array"],
    ["with a text for a message", { messages: [...messages, "hi"] }, "messages[1]", "invalid_type"],
    [
      "with a message without a role",
      { messages: [{ content: "hi" }] },
      "messages[0].role",
      "missing_required_parameter",
    ],
    ["with a number for a role", { messages: [{ role: 1, content: "hi" }] }, "messages[0].role", "invalid_type"],
    ["with an unknown role", { messages: [{ role: "robot", content: "hi" }] }, "messages[0].role", "invalid_value"],
    [
      "with a message without content",
      { messages: [{ role: "user" }] },
      "messages[0].content",
      "missing_required_parameter",
    ],
    ["with null for a user's content", user(null), "messages[0].content", "invalid_type"],
    ["with an object for content", user({}), "messages[0].content", "invalid_type"],
    ["with no content part", user([]), "messages[0].content", "empty_array"],
    ["with a text for a content part", user(["hi"]), "messages[0].content[0]", "invalid_type"],
    ["with a part without a type", user([{ text: "hi" }]), "messages[0].content[0].type", "missing_required_parameter"],
    ["with a part of an unknown type", user([{ type: "smell" }]), "messages[0].content[0].type", "invalid_value"],
    [
      "with a part named like a member of all objects",
      user([{ type: "constructor" }]),
      "messages[0].content[0].type",
      "invalid_value",
    ],
    [
      "with a text part without text",
      user([{ type: "text" }]),
      "messages[0].content[0].text",
      "missing_required_parameter",
    ],
    [
      "with a number for a part's text",
      user([{ type: "text", text: 5 }]),
      "messages[0].content[0].text",
      "invalid_type",
    ],
    [
      "with an image without an address",
      user([{ type: "image_url", image_url: {} }]),
      "messages[0].content[0].image_url.url",
      "missing_required_parameter",
    ],
    [
      "with a tool's response to no call",
      { messages: [{ role: "tool", content: "4" }] },
      "messages[0].tool_call_id",
      "missing_required_parameter",
    ],
    ["with a temperature below 0", { temperature: -0.1 }, "temperature", "decimal_below_min_value"],
    ["with a temperature above 2", { temperature: 2.1 }, "temperature", "decimal_above_max_value"],
    ["with a text for temperature", { temperature: "1" }, "temperature", "invalid_type"],
    ["with top_p above 1", { top_p: 1.5 }, "top_p", "decimal_above_max_value"],
    ["with a presence penalty above 2", { presence_penalty: 3 }, "presence_penalty", "decimal_above_max_value"],
    ["with n of 0", { n: 0 }, "n", "integer_below_min_value"],
    ["with n of 129", { n: 129 }, "n", "integer_above_max_value"],
    ["with n of 1.5", { n: 1.5 }, "n", "invalid_type"],
    ["with max_tokens of 0", { max_tokens: 0 }, "max_tokens", "integer_below_min_value"],
    [
      "with max_completion_tokens of -1",
      { max_completion_tokens: -1 },
      "max_completion_tokens",
      "integer_below_min_value",
    ],
    ["with a text for stream", { stream: "true" }, "stream", "invalid_type"],
    ["with stream options but no stream", { stream_options: {} }, "stream_options", "invalid_value"],
    ["with a text for stream options", { stream: true, stream_options: "x" }, "stream_options", "invalid_type"],
    [
      "with a text for include_usage",
      { stream: true, stream_options: { include_usage: "x" } },
      "stream_options.include_usage",
      "invalid_type",
    ],
    ["with a decimal seed", { seed: 1.5 }, "seed", "invalid_type"],
    ["with a number for stop", { stop: 5 }, "stop", "invalid_type"],
    ["with five stops", { stop: ["a", "b", "c", "d", "e"] }, "stop", "array_above_max_length"],
    ["with an empty list of stops", { stop: [] }, "stop", "empty_array"],
    ["with a number among the stops", { stop: ["a", 5] }, "stop[1]", "invalid_type"],
    ["with a text for logit_bias", { logit_bias: "x" }, "logit_bias", "invalid_type"],
    ["with an object for tools", { tools: {} }, "tools", "invalid_type"],
    ["with a number for tool_choice", { tool_choice: 1 }, "tool_choice", "invalid_type"],
    ["with a text for response_format", { response_format: "json" }, "response_format", "invalid_type"],
    ["with top_logprobs but no logprobs", { top_logprobs: 2 }, "top_logprobs", "invalid_value"],
    ["with top_logprobs of 21", { logprobs: true, top_logprobs: 21 }, "top_logprobs", "integer_above_max_value"],
    ["with a number for user", { user: 5 }, "user", "invalid_type"],
  ])("%s", (_, more, param, detail) => {
    const refused = refusal(() => open(chat, { ...valid, ...more }).ask());
    expect(refused).toMatchObject({ code: "BODY_INVALID", param, detail });
    expect(refused.message).toContain(`'${param}'`);
  });

  test("in words that a person understands", () => {
    const { message } = refusal(() => open(chat, { ...valid, messages: "hi" }).ask());
    expect(message).toBe("Invalid type for 'messages': expected an array of objects, but got a string instead.");
  });

  test("before its facts are asked for, when it is no JSON", () => {
    expect(refusal(() => open(chat, "hello"))).toMatchObject({ code: "BODY_INVALID" });
  });
});

describe("a JSON response", () => {
  test("has the provider's members, in order, and no other", () => {
    const body = jsonOf(response({}));
    expect(Object.keys(body)).toEqual([
      "id",
      "object",
      "created",
      "model",
      "service_tier",
      "system_fingerprint",
      "choices",
      "usage",
    ]);
    expect(body).toEqual({
      id: expect.stringMatching(/^chatcmpl-[A-Za-z0-9]{29}$/),
      object: "chat.completion",
      created: 1_700_000_000,
      model: "gpt-4o",
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: text, refusal: null, annotations: [] },
          logprobs: null,
          finish_reason: "stop",
        },
      ],
      usage: {
        prompt_tokens: 9,
        completion_tokens: tokens.length,
        total_tokens: 9 + tokens.length,
        prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
        completion_tokens_details: {
          reasoning_tokens: 0,
          audio_tokens: 0,
          accepted_prediction_tokens: 0,
          rejected_prediction_tokens: 0,
        },
      },
      service_tier: "default",
      system_fingerprint: expect.stringMatching(/^fp_/),
    });
  });

  test("comes when the last token would", () => {
    const plan = response({});
    expect(plan).toMatchObject({ headAtMs: 375, endAtMs: 375, ending: "finish" });
    expect(plan.frames).toMatchObject([{ atMs: 375, tokens: tokens.length, final: false }]);
  });

  test("has the provider's headers", () => {
    const { headers } = response({}).head!;
    expect(header(headers, "content-type")).toBe("application/json");
    expect(header(headers, "openai-version")).toBe("2020-10-01");
    expect(header(headers, "openai-processing-ms")).toBe("375");
    expect(header(headers, "x-request-id")).toBe("req_0123456789");
  });

  test("echoes a model name that needs escapes", () => {
    expect(jsonOf(response({ model: 'a"b\\c\n' }))["model"]).toBe('a"b\\c\n');
  });

  test("says that it was cut off by the limit", () => {
    expect(jsonOf(response({}, scriptOf(tokens, { finish: "length" })))["choices"]![0]!["finish_reason"]).toBe(
      "length",
    );
  });

  test("has n choices, all of them in the usage", () => {
    const body = jsonOf(response({ n: 3 }));
    expect(body["choices"]!.map((choice) => choice["index"])).toEqual([0, 1, 2]);
    expect(body["usage"]).toMatchObject({ completion_tokens: 3 * tokens.length, total_tokens: 9 + 3 * tokens.length });
  });

  test("has a usage that readUsage finds", () => {
    expect(readUsage(bytesOf(textsOf(response({})).join("")))).toBe(tokens.length);
  });

  test("ends before a stop text, even one that spans tokens", () => {
    const body = jsonOf(response({ stop: ["zzz", 'o "w'] }));
    expect(body["choices"]![0]).toMatchObject({ message: { content: "Hell" }, finish_reason: "stop" });
    expect(body["usage"]).toMatchObject({ completion_tokens: 1 });
  });

  test("is empty when it would begin with a stop text", () => {
    const plan = response({ stop: "Hello" });
    expect(jsonOf(plan)["choices"]![0]!["message"]!["content"]).toBe("");
    expect(plan.endAtMs).toBe(300);
  });

  test("is whole when no stop text occurs, whatever its finish", () => {
    const body = jsonOf(response({ stop: ["zzz", ""] }, scriptOf(tokens, { finish: "length" })));
    expect(body["choices"]![0]).toMatchObject({ message: { content: text }, finish_reason: "length" });
  });
});

describe("a streamed response", () => {
  const plain = { stream: true, stream_options: { include_obfuscation: false } };

  test("has the provider's chunks: role, one a token, finish, end", () => {
    const plan = response(plain, scriptOf(["Hi", " you"]));
    const base = {
      id: expect.stringMatching(/^chatcmpl-[A-Za-z0-9]{29}$/),
      object: "chat.completion.chunk",
      created: 1_700_000_000,
      model: "gpt-4o",
      service_tier: "default",
      system_fingerprint: expect.stringMatching(/^fp_/),
    };
    const choice = (delta: object, finish: string | null = null): object => ({
      index: 0,
      delta,
      logprobs: null,
      finish_reason: finish,
    });
    expect(chunksOf(plan)).toEqual([
      { ...base, choices: [choice({ role: "assistant", content: "", refusal: null })] },
      { ...base, choices: [choice({ content: "Hi" })] },
      { ...base, choices: [choice({ content: " you" })] },
      { ...base, choices: [choice({}, "stop")] },
    ]);
    expect(textsOf(plan).at(-1)).toBe("data: [DONE]\n\n");
  });

  test("has the members of a chunk in the provider's order", () => {
    const [first] = chunksOf(response({ stream: true, stream_options: { include_usage: true } }));
    expect(Object.keys(first!)).toEqual([
      "id",
      "object",
      "created",
      "model",
      "service_tier",
      "system_fingerprint",
      "choices",
      "usage",
      "obfuscation",
    ]);
  });

  test("has one id in all chunks", () => {
    expect(new Set(chunksOf(response({ stream: true })).map((chunk) => wordOf(chunk["id"]))).size).toBe(1);
  });

  test("adds up to the content of the JSON response", () => {
    const whole = jsonOf(response({}))["choices"]![0]!["message"]!["content"];
    expect(contentOf(chunksOf(response({ stream: true })))).toBe(whole);
  });

  test("sends the role with the first token and the end with the last", () => {
    const plan = response({ stream: true, stream_options: { include_usage: true } }, scriptOf(["Hi", " you"]));
    expect(framesOf(plan).map(({ atMs }) => atMs)).toEqual([300, 300, 315, 315, 315, 315]);
    expect(plan).toMatchObject({ headAtMs: 0, endAtMs: 315, ending: "finish" });
  });

  test("marks token frames and final frames", () => {
    const plan = response({ stream: true, stream_options: { include_usage: true } }, scriptOf(["Hi", " you"]));
    expect(framesOf(plan).map(({ tokens }) => tokens)).toEqual([0, 1, 1, 0, 0, 0]);
    expect(framesOf(plan).map(({ final }) => final)).toEqual([false, false, false, true, false, true]);
  });

  test("tells the usage in a chunk of its own, and null in the others", () => {
    const chunks = chunksOf(response({ stream: true, stream_options: { include_usage: true } }));
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 9, completion_tokens: tokens.length } });
    expect(chunks.slice(0, -1).every((chunk) => chunk["usage"] === null)).toBe(true);
  });

  test("has no usage when it was not asked for", () => {
    expect(chunksOf(response({ stream: true })).some((chunk) => "usage" in chunk)).toBe(false);
  });

  test("levels the size of its chunks", () => {
    const tokenChunks = textsOf(response({ stream: true }, scriptOf(["I", " am", " levelled", "."]))).slice(1, 5);
    expect(new Set(tokenChunks.map((chunk) => chunk.length)).size).toBe(1);
  });

  test("has interleaved choices that each add up to the content", () => {
    const plan = response({ stream: true, n: 2, stream_options: { include_usage: true } }, scriptOf(["Hi", " you"]));
    const chunks = chunksOf(plan);
    const indexes = chunks.slice(0, -1).map((chunk) => chunk["choices"]![0]!["index"]);
    expect(indexes).toEqual([0, 1, 0, 1, 0, 1, 0, 1]);
    const whole = jsonOf(response({ n: 2 }, scriptOf(["Hi", " you"])))["choices"]!;
    const contents = whole.map((choice) => wordOf(choice["message"]!["content"]));
    expect([contentOf(chunks, 0), contentOf(chunks, 1)]).toEqual(contents);
    expect(contents[0]).toBe("Hi you");
    expect(contents[1]).not.toBe("Hi you");
    expect(chunks.at(-1)).toMatchObject({ usage: { completion_tokens: 4 } });
  });

  test("is read by our own reader as it was written", () => {
    const plan = response({ stream: true, n: 2, stream_options: { include_usage: true } });
    const read = createSseReader(judge).push(0, bytesOf(textsOf(plan).join("")));
    const worth = (frames: typeof plan.frames): object[] =>
      Array.from(frames).map(({ tokens, final }) => ({ tokens, final }));
    expect(worth(read)).toEqual(worth(plan.frames));
  });

  test("has the head of an event stream", () => {
    const { headers } = response({ stream: true }).head!;
    expect(header(headers, "content-type")).toBe("text/event-stream; charset=utf-8");
    expect(header(headers, "openai-processing-ms")).toBe("300");
  });

  test("ends at once when there is no token", () => {
    const plan = response(plain, scriptOf([]));
    expect(framesOf(plan).map(({ atMs }) => atMs)).toEqual([300, 300, 300]);
  });
});

test("ids differ between requests and repeat for the same one", () => {
  const id = (request: string): string => wordOf(jsonOf(response({}, scriptOf(tokens, { id: request })))["id"]);
  const ids = Array.from({ length: 2000 }, (_, index) => id(`req_${index}`));
  expect(new Set(ids).size).toBe(2000);
  expect(id("req_0")).toBe(ids[0]);
});
