import { describe, expect, test } from "vitest";
import { messages as anthropic } from "../../../../src/core/dialects/anthropic/operations.ts";
import { envelope } from "../../../../src/core/dialects/bedrock/envelope.ts";
import { converse, converseStream } from "../../../../src/core/dialects/bedrock/operations.ts";
import { generateContent, streamGenerateContent } from "../../../../src/core/dialects/gemini/generate.ts";
import { chat as ollamaChat, generate as ollamaGenerate } from "../../../../src/core/dialects/ollama/generate.ts";
import { chat } from "../../../../src/core/dialects/openai/chat/index.ts";
import { completions } from "../../../../src/core/dialects/openai/completions/index.ts";
import { embeddings } from "../../../../src/core/dialects/openai/embeddings/index.ts";
import { responses } from "../../../../src/core/dialects/openai/responses/index.ts";
import type { Operation } from "../../../../src/core/dialects/types.ts";
import type { Frame } from "../../../../src/core/types.ts";
import type { Reply } from "../../../../src/core/replies/types.ts";
import { splitTokens } from "../../../../src/core/simulator/tokens.ts";
import { framesOf } from "../../../support/frames.ts";
import { simulated } from "../../../support/simulated.ts";

const text = "Grüße 👋🏽 aus 日本: it is sunny, and “warm” — said \\ the\nmodel.";
const tokens = splitTokens(text).length;
const headers = { "anthropic-version": "2023-06-01" };
const said = [{ role: "user", content: "Hi" }];

/** One API: how it is asked, and where its response has what. */
type Api = {
  readonly operation: Operation;
  readonly request: object;
  /** What a request has besides that is streamed, and the operation, where that is another. */
  readonly stream: object;
  readonly streamed?: Operation;
  readonly limit: (max: number) => object;
  readonly stop: ((text: string) => object) | undefined;
  readonly text: (body: Body) => unknown;
  readonly finish: (body: Body) => unknown;
  readonly outputTokens: (body: Body) => unknown;
  readonly cut: string;
};

// Responses are of any shape.
type Body = any; // oxlint-disable-line typescript/no-explicit-any

const apis: Readonly<Record<string, Api>> = {
  chat: {
    operation: chat,
    request: { model: "gpt-4o", messages: said },
    stream: { stream: true, stream_options: { include_usage: true } },
    limit: (max) => ({ max_tokens: max }),
    stop: (stop) => ({ stop }),
    text: (body) => body.choices[0].message.content,
    finish: (body) => body.choices[0].finish_reason,
    outputTokens: (body) => body.usage.completion_tokens,
    cut: "length",
  },
  completions: {
    operation: completions,
    request: { model: "gpt-3.5-turbo-instruct", prompt: "Hi", max_tokens: 100 },
    stream: { stream: true },
    limit: (max) => ({ max_tokens: max }),
    stop: (stop) => ({ stop }),
    text: (body) => body.choices[0].text,
    finish: (body) => body.choices[0].finish_reason,
    outputTokens: (body) => body.usage.completion_tokens,
    cut: "length",
  },
  responses: {
    operation: responses,
    request: { model: "gpt-4o", input: "Hi" },
    stream: { stream: true },
    limit: (max) => ({ max_output_tokens: max }),
    stop: undefined,
    text: (body) => body.output[0].content[0].text,
    finish: (body) => body.incomplete_details?.reason ?? body.status,
    outputTokens: (body) => body.usage.output_tokens,
    cut: "max_output_tokens",
  },
  anthropic: {
    operation: anthropic,
    request: { model: "claude-sonnet-4-5", max_tokens: 1000, messages: said },
    stream: { stream: true },
    limit: (max) => ({ max_tokens: max }),
    stop: (stop) => ({ stop_sequences: [stop] }),
    text: (body) => body.content[0].text,
    finish: (body) => body.stop_reason,
    outputTokens: (body) => body.usage.output_tokens,
    cut: "max_tokens",
  },
  gemini: {
    operation: generateContent,
    request: { contents: [{ parts: [{ text: "Hi" }] }] },
    stream: {},
    streamed: { ...streamGenerateContent, route: `${streamGenerateContent.route}?alt=sse` },
    limit: (max) => ({ generationConfig: { maxOutputTokens: max } }),
    stop: (stop) => ({ generationConfig: { stopSequences: [stop] } }),
    text: (body) => body.candidates[0].content.parts[0].text,
    finish: (body) => body.candidates[0].finishReason,
    outputTokens: (body) => body.usageMetadata.candidatesTokenCount,
    cut: "MAX_TOKENS",
  },
  bedrock: {
    operation: converse,
    request: { messages: [{ role: "user", content: [{ text: "Hi" }] }] },
    stream: {},
    streamed: converseStream,
    limit: (max) => ({ inferenceConfig: { maxTokens: max } }),
    stop: (stop) => ({ inferenceConfig: { stopSequences: [stop] } }),
    text: (body) => body.output.message.content[0]?.text,
    finish: (body) => body.stopReason,
    outputTokens: (body) => body.usage.outputTokens,
    cut: "max_tokens",
  },
  "ollama chat": {
    operation: ollamaChat,
    request: { model: "llama3", messages: said, stream: false },
    stream: { stream: true },
    limit: (max) => ({ options: { num_predict: max } }),
    stop: (stop) => ({ options: { stop: [stop] } }),
    text: (body) => body.message.content,
    finish: (body) => body.done_reason,
    outputTokens: (body) => body.eval_count,
    cut: "length",
  },
  "ollama generate": {
    operation: ollamaGenerate,
    request: { model: "llama3", prompt: "Hi", stream: false },
    stream: { stream: true },
    limit: (max) => ({ options: { num_predict: max } }),
    stop: (stop) => ({ options: { stop: [stop] } }),
    text: (body) => body.response,
    finish: (body) => body.done_reason,
    outputTokens: (body) => body.eval_count,
    cut: "length",
  },
};

function replied(api: Api, reply: Reply, more: object = {}): Body {
  const plan = simulated(api.operation, { ...api.request, ...more }, 1, { reply, headers });
  return JSON.parse(String(framesOf(plan)[0]!.data));
}

describe.each(Object.entries(apis))("%s", (_name, api) => {
  test("says the text of a reply, and counts its tokens", () => {
    const body = replied(api, { text });
    expect(api.text(body)).toBe(text);
    expect(api.outputTokens(body)).toBe(tokens);
  });

  test("streams it token by token with the times of the profile", () => {
    const plan = simulated(api.streamed ?? api.operation, { ...api.request, ...api.stream }, 1, {
      reply: { text },
      headers,
    });
    const frames = framesOf(plan);
    const last = frames.findLast((frame) => frame.tokens > 0)!;
    expect(plan.endAtMs).toBe(300 + 15 * (tokens - 1));
    expect(last.atMs).toBe(plan.endAtMs);
    expect(frames.reduce((sum, frame) => sum + frame.tokens, 0)).toBe(tokens);
    expect(deltasIn(frames.map(textOf))).toBe(text);
  });

  test("cuts it at the limit of the request, and says why", () => {
    const long =
      "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen";
    const body = replied(api, { text: long }, api.limit(16));
    expect(api.text(body)).toBe(splitTokens(long).slice(0, 16).join(""));
    expect([api.finish(body), api.outputTokens(body)]).toEqual([api.cut, 16]);
  });

  test("says JSON as text", () => {
    const json = { city: "Köln", list: [1, null, { deep: true }] };
    expect(JSON.parse(String(api.text(replied(api, { json }))))).toEqual(json);
  });

  test("says nothing where the text is empty", () => {
    expect(api.outputTokens(replied(api, { text: "" }))).toBe(0);
  });
});

/** The text of an event; the JSON of one that is binary, as a line. */
function textOf({ data }: Frame): string {
  return typeof data === "string" ? data : `${Buffer.from(envelope.open(data) ?? []).toString()}\n`;
}

/** Every piece of text in the events of a stream. */
function deltasIn(frames: readonly string[]): string {
  let joined = "";
  for (const line of frames.join("").split("\n")) {
    const json = line.startsWith("{") ? line : line.startsWith("data: {") ? line.slice("data: ".length) : undefined;
    if (json === undefined) continue;
    const event: Body = JSON.parse(json);
    const places: readonly unknown[] = [
      event.delta,
      event.delta?.text,
      event.choices?.[0]?.delta?.content,
      event.choices?.[0]?.text,
      event.candidates?.[0]?.content?.parts[0]?.text,
      event.message?.content,
      event.response,
    ];
    joined += places.find((each) => typeof each === "string") ?? "";
  }
  return joined;
}

const weather = { name: "get_weather", arguments: { city: "Paris" }, id: "call_weather" };
const calling: Reply = { text: "Let me look.", toolCalls: [weather, { name: "get_time" }] };

describe("calls of tools", () => {
  test("chat completions have them beside the text, with the ids that were given", () => {
    const [choice] = replied(apis["chat"]!, calling).choices;
    expect(choice.finish_reason).toBe("tool_calls");
    expect(choice.message).toMatchObject({
      content: "Let me look.",
      tool_calls: [
        { id: "call_weather", type: "function", function: { name: "get_weather", arguments: '{"city":"Paris"}' } },
        { id: expect.stringMatching(/^call_/) as string, function: { name: "get_time", arguments: "{}" } },
      ],
    });
  });

  test("chat completions give a custom tool its text as it stands", () => {
    const tools = [{ type: "custom", custom: { name: "code" } }];
    const reply = { toolCalls: [{ name: "code", arguments: "print(1)" }] };
    const [call] = replied(apis["chat"]!, reply, { tools }).choices[0].message.tool_calls;
    expect(call).toMatchObject({ type: "custom", custom: { name: "code", input: "print(1)" } });
  });

  test("requests with the older functions get one, and refuse several", () => {
    const functions = [{ name: "get_weather", parameters: { type: "object" } }];
    const [choice] = replied(apis["chat"]!, { toolCalls: [weather] }, { functions }).choices;
    expect(choice.message.function_call).toEqual({ name: "get_weather", arguments: '{"city":"Paris"}' });
    expect(() => replied(apis["chat"]!, calling, { functions })).toThrow("has no form for several calls of tools");
  });

  test("the Responses API has them as items", () => {
    const { output } = replied(apis["responses"]!, calling);
    expect(output).toMatchObject([
      { type: "message" },
      { type: "function_call", call_id: "call_weather", name: "get_weather", arguments: '{"city":"Paris"}' },
      { type: "function_call", name: "get_time", arguments: "{}" },
    ]);
  });

  test.each([
    [{ type: "custom", name: "code" }, "code", { type: "custom_tool_call", input: "ls" }],
    [{ type: "local_shell" }, "local_shell", { type: "local_shell_call" }],
  ])("the Responses API calls %o by its own kind of item", (tool, name, item) => {
    const { output } = replied(apis["responses"]!, { toolCalls: [{ name, arguments: "ls" }] }, { tools: [tool] });
    expect(output).toMatchObject([item]);
  });

  test("Anthropic has them as blocks", () => {
    const { content, stop_reason: reason } = replied(apis["anthropic"]!, calling);
    expect(reason).toBe("tool_use");
    expect(content).toMatchObject([
      { type: "text", text: "Let me look." },
      { type: "tool_use", id: "call_weather", name: "get_weather", input: { city: "Paris" } },
      { type: "tool_use", name: "get_time", input: {} },
    ]);
  });

  test("Gemini has them as parts", () => {
    const { parts } = replied(apis["gemini"]!, calling).candidates[0].content;
    expect(parts).toEqual([
      { text: "Let me look." },
      { functionCall: { id: "call_weather", name: "get_weather", args: { city: "Paris" } } },
      { functionCall: { name: "get_time", args: {} } },
    ]);
  });

  test("Bedrock has them as blocks", () => {
    const { output, stopReason } = replied(apis["bedrock"]!, calling);
    expect(stopReason).toBe("tool_use");
    expect(output.message.content).toMatchObject([
      { text: "Let me look." },
      { toolUse: { toolUseId: "call_weather", name: "get_weather", input: { city: "Paris" } } },
      { toolUse: { name: "get_time", input: {} } },
    ]);
  });

  test("Ollama has them in its message", () => {
    const { message } = replied(apis["ollama chat"]!, calling);
    expect(message.tool_calls).toMatchObject([
      { id: "call_weather", function: { name: "get_weather", arguments: { city: "Paris" } } },
      { function: { name: "get_time", arguments: {} } },
    ]);
  });

  test.each(["completions", "ollama generate"])("%s has no form for them", (name) => {
    expect(() => replied(apis[name]!, calling)).toThrow("Reply: this kind of response has no form for calls of tools.");
  });

  test.each(["anthropic", "bedrock", "gemini", "ollama chat"])(
    "%s has no form for arguments that are no object",
    (name) => {
      const reply = { toolCalls: [{ name: "get_weather", arguments: "{broken" }] };
      expect(() => replied(apis[name]!, reply)).toThrow("has no form for arguments that are no JSON object");
    },
  );

  test("chat completions pass on arguments that are broken", () => {
    const reply = { toolCalls: [{ name: "get_weather", arguments: '{"city": ' }] };
    const [call] = replied(apis["chat"]!, reply).choices[0].message.tool_calls;
    expect(call.function.arguments).toBe('{"city": ');
  });
});

describe("a refusal", () => {
  const refusal = "I will not say that.";
  test.each([
    ["chat", (body: Body): unknown => body.choices[0].message.refusal],
    ["responses", (body: Body): unknown => body.output[0].content[0].refusal],
    ["anthropic", (body: Body): unknown => body.stop_reason === "refusal" && body.content[0].text],
  ])("%s has it in its own form", (name, of) => {
    expect(of(replied(apis[name]!, { refusal }))).toBe(refusal);
  });

  test.each(["bedrock", "completions", "gemini", "ollama chat", "ollama generate"])("%s has no form for it", (name) => {
    expect(() => replied(apis[name]!, { refusal })).toThrow("Reply: this kind of response has no form for a refusal.");
  });
});

describe("reasoning", () => {
  const reply = { reasoning: "Let me think.", text: "Yes." };
  const thought = splitTokens(reply.reasoning).length;

  test("chat completions only count it", () => {
    const { choices, usage } = replied(apis["chat"]!, reply);
    expect(choices[0].message.content).toBe("Yes.");
    expect(usage.completion_tokens_details.reasoning_tokens).toBe(thought);
  });

  test.each([
    ["responses", { reasoning: { summary: "auto" } }, (body: Body): unknown => body.output[0].summary[0].text],
    [
      "anthropic",
      { thinking: { type: "enabled", budget_tokens: 1024 }, max_tokens: 2000 },
      (body: Body): unknown => body.content[0].thinking,
    ],
    [
      "gemini",
      { generationConfig: { thinkingConfig: { includeThoughts: true } } },
      (body: Body): unknown => body.candidates[0].content.parts[0].text,
    ],
    ["ollama chat", { think: true }, (body: Body): unknown => body.message.thinking],
    ["ollama generate", { think: true }, (body: Body): unknown => body.thinking],
  ])("%s shows it where it is asked for", (name, request, of) => {
    const body = replied(apis[name]!, reply, request);
    expect(of(body)).toBe(reply.reasoning);
  });

  test("completions have no form for it", () => {
    expect(() => replied(apis["completions"]!, reply)).toThrow("has no form for reasoning");
  });
});

test("every choice says the same", () => {
  const { choices, usage } = replied(apis["chat"]!, { text }, { n: 3 });
  expect(choices.map((choice: Body) => choice.message.content)).toEqual([text, text, text]);
  expect(usage.completion_tokens).toBe(3 * tokens);
});

test("a response without generated text stays what it is", () => {
  const request = { model: "text-embedding-3-small", input: "Hi" };
  const [frame] = framesOf(simulated(embeddings, request, 1, { reply: { text } }));
  expect(JSON.parse(String(frame!.data))).toMatchObject({ object: "list", data: [{ object: "embedding" }] });
});

test.each(Object.entries(apis).filter(([, { stop }]) => stop !== undefined))(
  "%s stops a reply where the request says",
  (_name, api) => {
    expect(api.text(replied(api, { text: "one two STOP three" }, api.stop?.("STOP")))).toBe("one two ");
  },
);
