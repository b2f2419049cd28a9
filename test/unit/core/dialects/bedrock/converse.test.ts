import { describe, expect, test } from "vitest";
import { bedrock } from "../../../../../src/core/dialects/bedrock/index.ts";
import { findOperation } from "../../../../../src/core/dialects/index.ts";
import { header, jsonOf, partOf, refusal, scriptOf, scriptWith } from "../support.ts";
import { framesOf } from "../../../../support/frames.ts";
import { ask, claude, eventsOf, say } from "./support.ts";

const messages = say("Hi there");
const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const tool = (name: string, json: unknown = schema) => ({ toolSpec: { name, inputSchema: { json } } });
const toolConfig = { tools: [tool("weather")] };

describe("paths", () => {
  test.each([
    ["/model/amazon.nova-lite-v1%3A0/converse", "amazon.nova-lite-v1:0", "converse"],
    [`/model/${claude}/converse-stream`, claude, "converse-stream"],
    ["/model/m/invoke", "m", "invoke"],
    ["/model/m/invoke-with-response-stream", "m", "invoke-with-response-stream"],
    ["/model/m/count-tokens", "m", "count-tokens"],
    [
      "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.amazon.nova-lite-v1%3A0/converse",
      "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0",
      "converse",
    ],
    [
      "/model/arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0/converse",
      "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0",
      "converse",
    ],
  ])("%s names the model %s", (path, model, name) => {
    const { dialect, operation } = findOperation("POST", path, {});
    expect([dialect.name, operation?.name, operation?.modelIn?.(path)]).toEqual(["bedrock", name, model]);
  });

  test.each(["/model/m/other", "/model/m", "/guardrail/g/version/1/apply", "/async-invoke"])(
    "%s is the service's, and cannot be simulated",
    (path) => {
      expect(findOperation("POST", path, {})).toMatchObject({ dialect: { name: "bedrock" }, operation: undefined });
    },
  );

  test("a model that is not correctly encoded is refused", () => {
    const { operation } = findOperation("POST", "/model/%zz/converse", {});
    expect(operation?.modelIn?.("/model/%zz/converse")).toBeUndefined();
  });
});

test("rules see the model, the conversation and the tokens", () => {
  const { facts } = ask("converse-stream", {
    system: [{ text: "Be brief." }],
    messages: [
      ...messages,
      { role: "assistant", content: [{ toolUse: { toolUseId: "t1", name: "weather", input: {} } }] },
      {
        role: "user",
        content: [{ toolResult: { toolUseId: "t1", content: [{ text: "sunny" }, { json: { c: 20 } }] } }],
      },
    ],
    toolConfig,
  });
  expect([facts.model, facts.stream, facts.lastUserMessage()]).toEqual([claude, true, "Hi there"]);
  expect(facts.promptTokens()).toBeGreaterThan(346);
  expect(facts.conversation?.()).toMatchObject({
    system: "Be brief.",
    messages: 3,
    toolNames: ["weather"],
    hasToolResult: true,
    lastResult: { id: "t1", text: 'sunny\n{"c":20}' },
  });
});

test("a response has the message, why it ended, its usage and its latency", () => {
  const plan = ask("converse", { messages })
    .ask()
    .write(scriptOf(["Hello", " there"]));
  expect(jsonOf(plan)).toEqual({
    output: { message: { role: "assistant", content: [{ text: "Hello there" }] } },
    stopReason: "end_turn",
    usage: { inputTokens: 9, outputTokens: 2, totalTokens: 11, cacheReadInputTokens: 0, cacheWriteInputTokens: 0 },
    metrics: { latencyMs: 315 },
  });
  expect(header(plan.head!.headers, "x-amzn-requestid")).toBe("req_0123456789");
});

test("a stream has an event a token, and ends with its reason and its usage", () => {
  const plan = ask("converse-stream", { messages })
    .ask()
    .write(scriptOf(["Hello", " there"]));
  expect(header(plan.head!.headers, "content-type")).toBe("application/vnd.amazon.eventstream");
  expect(eventsOf(plan).map(({ type, json }) => [type, json])).toEqual([
    ["messageStart", { role: "assistant" }],
    ["contentBlockDelta", { contentBlockIndex: 0, delta: { text: "Hello" } }],
    ["contentBlockDelta", { contentBlockIndex: 0, delta: { text: " there" } }],
    ["contentBlockStop", { contentBlockIndex: 0 }],
    ["messageStop", { stopReason: "end_turn" }],
    ["metadata", expect.objectContaining({ metrics: { latencyMs: 315 } })],
  ]);
  expect(framesOf(plan).map(({ atMs, tokens, final }) => [atMs, tokens, final])).toEqual([
    [300, 0, false],
    [300, 1, false],
    [315, 1, false],
    [315, 0, false],
    [315, 0, true],
    [315, 0, true],
  ]);
});

test("a live stream is read as the simulated one was written", () => {
  const frames = framesOf(
    ask("converse-stream", { messages })
      .ask()
      .write(scriptOf(["Hello", " there"])),
  );
  const reader = bedrock.readStream("application/vnd.amazon.eventstream")!;
  const read = reader.push(0, Buffer.concat(frames.map(({ data }) => Buffer.from(data))));
  expect(read.map(({ tokens, final }) => [tokens, final])).toEqual(frames.map(({ tokens, final }) => [tokens, final]));
});

test("reasoning and calls are blocks of their own, whole and streamed", () => {
  const parts = [
    partOf("reasoning", "Let", " me"),
    {
      kind: "call" as const,
      tokens: [`{"city":`, `"Oslo"}`],
      text: `{"city":"Oslo"}`,
      name: "weather",
      id: "t_1",
    },
  ];
  const request = {
    messages,
    toolConfig,
    additionalModelRequestFields: { thinking: { type: "enabled", budget_tokens: 1024 } },
  };
  const whole = jsonOf(ask("converse", request).ask().write(scriptWith(parts)));
  expect(whole).toMatchObject({
    stopReason: "tool_use",
    output: {
      message: {
        content: [
          { reasoningContent: { reasoningText: { text: "Let me" } } },
          { toolUse: { toolUseId: "t_1", name: "weather", input: { city: "Oslo" } } },
        ],
      },
    },
  });
  const events = eventsOf(ask("converse-stream", request).ask().write(scriptWith(parts)));
  expect(events.map(({ type, json }) => [type, json]).slice(1, 9)).toEqual([
    ["contentBlockDelta", { contentBlockIndex: 0, delta: { reasoningContent: { text: "Let" } } }],
    ["contentBlockDelta", { contentBlockIndex: 0, delta: { reasoningContent: { text: " me" } } }],
    [
      "contentBlockDelta",
      { contentBlockIndex: 0, delta: { reasoningContent: { signature: expect.any(String) as string } } },
    ],
    ["contentBlockStop", { contentBlockIndex: 0 }],
    ["contentBlockStart", { contentBlockIndex: 1, start: { toolUse: { toolUseId: "t_1", name: "weather" } } }],
    ["contentBlockDelta", { contentBlockIndex: 1, delta: { toolUse: { input: `{"city":` } } }],
    ["contentBlockDelta", { contentBlockIndex: 1, delta: { toolUse: { input: `"Oslo"}` } } }],
    ["contentBlockStop", { contentBlockIndex: 1 }],
  ]);
});

test("a stop sequence ends the text, and a limit says so", () => {
  const stopped = { messages, inferenceConfig: { stopSequences: [" there"], maxTokens: 5 } };
  const opened = ask("converse", stopped).ask();
  expect(opened.maxTokens).toBe(5);
  expect(jsonOf(opened.write(scriptOf(["Hello", " there"])))).toMatchObject({ stopReason: "stop_sequence" });
  expect(jsonOf(opened.write(scriptOf(["Hello"], { finish: "length" })))).toMatchObject({ stopReason: "max_tokens" });
});

test("what stands before a cache point is written to the cache, or read from it", () => {
  const long = "word ".repeat(2000);
  const opened = ask("converse", { system: [{ text: long }, { cachePoint: { type: "default" } }], messages }).ask();
  const usage = (cachedTokens?: number) => jsonOf(opened.write(scriptOf(["Hi"], { cachedTokens })))["usage"];
  expect(usage()).toMatchObject({ cacheReadInputTokens: 0, cacheWriteInputTokens: 2000, totalTokens: 2010 });
  expect(usage(1500)).toMatchObject({ cacheReadInputTokens: 1500, cacheWriteInputTokens: 500, inputTokens: 9 });
});

test("JSON that is asked for is an instance of its schema", () => {
  const textFormat = {
    type: "json_schema",
    structure: { jsonSchema: { schema: JSON.stringify(schema), name: "place" } },
  };
  const { compose } = ask("converse", { messages, outputConfig: { textFormat } }).ask();
  const [part] = compose!(20, scriptOf([]).rng);
  expect(JSON.parse(part!.text)).toEqual({ city: expect.any(String) as string });
});

test("what does not change a response is taken", () => {
  const rest = {
    guardrailConfig: { guardrailIdentifier: "g", guardrailVersion: "1" },
    additionalModelRequestFields: { top_k: 5 },
    requestMetadata: { team: "a" },
    performanceConfig: { latency: "optimized" },
    serviceTier: { type: "flex" },
  };
  const content = [
    { text: "Look" },
    { image: { format: "png", source: { bytes: "aaaa" } } },
    { document: { format: "pdf", name: "d", source: { bytes: "aaaa" } } },
    { guardContent: { text: { text: "a" } } },
    { cachePoint: { type: "default" } },
  ];
  expect(ask("converse", { messages: [{ role: "user", content }], ...rest }).ask().promptTokens).toBeGreaterThan(3600);
});

const violates = (path: string, value: string, rule: string) =>
  `1 validation error detected: Value ${value} at '${path}' failed to satisfy constraint: Member must ${rule}`;

test.each<[object, string]>([
  [{}, "A conversation must start with a user message. Try again with a conversation that starts with a user message."],
  [
    { messages: [{ role: "robot", content: [] }] },
    violates("messages.1.member.role", "'robot'", "satisfy enum value set: [user, assistant, system]"),
  ],
  [{ messages: [{ role: "user" }] }, violates("messages.1.member.content", "null", "not be null")],
  [
    { messages: [{ role: "user", content: [] }] },
    "The content field in the Message object at messages.0 is empty. Add a ContentBlock object to the content field and try again.",
  ],
  [
    { messages: say(" ") },
    "The text field in the ContentBlock object at messages.0.content.0 is blank. Add text to the text field, and try again.",
  ],
  [
    { messages: [...messages, ...messages] },
    "A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.",
  ],
  [
    { messages, inferenceConfig: { temperature: 2 } },
    violates("inferenceConfig.temperature", "'2'", "have value less than or equal to 1"),
  ],
  [
    { messages, inferenceConfig: { maxTokens: 0 } },
    violates("inferenceConfig.maxTokens", "'0'", "have value greater than or equal to 1"),
  ],
  [{ messages, inferenceConfig: { maxTokens: "5" } }, "STRING_VALUE can not be converted to Integer"],
  [{ messages: "Hi" }, "STRING_VALUE can not be converted to a List"],
  [
    { messages, toolConfig: { tools: [] } },
    violates("toolConfig.tools", "'[]'", "have length greater than or equal to 1"),
  ],
  [
    { messages, toolConfig: { tools: [tool("a b")] } },
    violates("toolConfig.tools.1.member.toolSpec.name", "'a b'", "satisfy regular expression pattern: [a-zA-Z0-9_-]+"),
  ],
  [
    { messages, toolConfig: { tools: [tool("a", "text")] } },
    "The format of the value at toolConfig.tools.0.toolSpec.inputSchema.json is invalid. Provide a json object for the field and try again.",
  ],
  [
    { messages, toolConfig: { ...toolConfig, toolChoice: { tool: { name: "other" } } } },
    "The model returned the following errors: tool_choice: Tool 'other' not found in provided tools",
  ],
  [
    { messages: [{ role: "user", content: [{ toolResult: { toolUseId: "t", content: [] } }] }] },
    "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
  ],
  [
    { messages: [{ role: "user", content: [{ toolResult: { toolUseId: "t", content: [] } }] }], toolConfig },
    "The number of toolResult blocks at messages.0.content exceeds the number of toolUse blocks of previous turn.",
  ],
  [
    {
      messages: [
        ...messages,
        { role: "assistant", content: [{ toolUse: { toolUseId: "t1", name: "weather", input: {} } }] },
        ...messages,
      ],
      toolConfig,
    },
    "Expected toolResult blocks at messages.2.content for the following Ids: t1",
  ],
])("%j is refused in the service's words", (request, message) => {
  expect(refusal(() => ask("converse", request).ask())).toMatchObject({ code: "BODY_INVALID", message });
});

test("a blank text is taken where not all of the service's refusals are wanted", () => {
  expect(ask("converse", { messages: say(" ") }).ask({ fidelity: "lenient" }).model).toBe(claude);
});

test("tokens are counted of a request to converse, and of a body to invoke", () => {
  const body = {
    anthropic_version: "bedrock-2023-05-31",
    max_tokens: 5,
    messages: [{ role: "user", content: "Hi there" }],
  };
  const base64 = Buffer.from(JSON.stringify(body)).toString("base64");
  for (const input of [{ converse: { messages } }, { invokeModel: { body: base64 } }]) {
    expect(jsonOf(ask("count-tokens", { input }).ask().write(scriptOf([])))).toEqual({ inputTokens: 9 });
  }
  expect(refusal(() => ask("count-tokens", { input: {} }).ask()).message).toContain("invokeModel, converse");
});
