import Anthropic, {
  APIConnectionError,
  APIConnectionTimeoutError,
  APIError,
  AuthenticationError,
  BadRequestError,
  ConflictError,
  ContentTooLargeError,
  GatewayTimeoutError,
  InternalServerError,
  NotFoundError,
  OverloadedError,
  PaymentRequiredError,
  PermissionDeniedError,
  RateLimitError,
  ServiceUnavailableError,
  UnprocessableEntityError,
} from "@anthropic-ai/sdk";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { anthropic } from "../../src/core/dialects/anthropic/index.ts";
import { startNode, type Node } from "../support/node.ts";
import { hang, json, sse, startUpstream, type ScriptedUpstream } from "../support/upstream.ts";

const model = "claude-sonnet-4-6";
const messages = [{ role: "user" as const, content: "What is the weather in Paris?" }];
const weather = {
  name: "get_weather",
  description: "The weather of a place",
  input_schema: {
    type: "object" as const,
    properties: { place: { type: "string" }, unit: { enum: ["celsius", "fahrenheit"] } },
    required: ["place", "unit"],
  },
};
const options = { maxRetries: 0, logLevel: "off" as const };

function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("the Anthropic client for JavaScript gets simulated answers", () => {
  let node: Node;
  let client: Anthropic;
  beforeAll(async () => {
    node = await startNode({ control: { enabled: true } });
    client = new Anthropic({ baseURL: node.url, apiKey: "sk-none", ...options });
  });
  afterAll(() => node.stop());

  const control = (text: string) => ({ headers: { "x-stuntdouble": text } });
  const asked = { model, messages, max_tokens: 20_000 };

  test("a message, whole", async () => {
    const response = client.messages.create({ ...asked, max_tokens: 20 }, control("tokens=50"));
    const { data: message, request_id: requestId } = await response.withResponse();
    expect(message).toMatchObject({ type: "message", role: "assistant", model, stop_reason: "max_tokens" });
    expect(message.content).toEqual([{ type: "text", text: expect.stringMatching(/\w/) as string, citations: null }]);
    expect(message.usage).toMatchObject({ output_tokens: 20, service_tier: "standard" });
    expect(requestId).toMatch(/^req_/);
  });

  test("a stream that accumulates to the message that is not streamed", async () => {
    const stream = client.messages.stream(asked, control("tokens=30, seed=7"));
    const deltas: string[] = [];
    stream.on("text", (delta) => void deltas.push(delta));
    const streamed = await stream.finalMessage();
    const whole = await client.messages.create(asked, control("tokens=30, seed=7"));
    expect(deltas).toHaveLength(30);
    expect(streamed.content).toEqual(whole.content);
    expect(streamed.usage).toEqual(whole.usage);
    expect(streamed.stop_reason).toBe("end_turn");
  });

  test("events in the provider's order", async () => {
    const kinds: string[] = [];
    const stream = await client.messages.create({ ...asked, stream: true }, control("tokens=3"));
    for await (const { type } of stream) kinds.push(type);
    const deltas = Array.from({ length: 3 }, () => "content_block_delta");
    const ends = ["content_block_stop", "message_delta", "message_stop"];
    expect(kinds).toEqual(["message_start", "content_block_start", ...deltas, ...ends]);
  });

  test("a tool call with valid input, streamed and whole", async () => {
    const request = { ...asked, tools: [weather], tool_choice: { type: "any" as const } };
    const whole = await client.messages.create(request, control("seed=3"));
    const streamed = await client.messages.stream(request, control("seed=3")).finalMessage();
    const call = {
      type: "tool_use",
      id: expect.stringMatching(/^toolu_01\w{22}$/) as string,
      name: "get_weather",
      input: { place: expect.any(String) as string, unit: expect.stringMatching(/^celsius$|^fahrenheit$/) as string },
      caller: { type: "direct" },
    };
    expect(whole.content).toEqual([call]);
    expect(streamed.content).toEqual([call]);
    expect((streamed.content[0] as { input: unknown }).input).toEqual((whole.content[0] as { input: unknown }).input);
    expect([whole.stop_reason, streamed.stop_reason]).toEqual(["tool_use", "tool_use"]);
  });

  test("words after the result of a tool", async () => {
    const first = await client.messages.create({ ...asked, tools: [weather] });
    const [call] = first.content;
    if (call?.type !== "tool_use") throw new Error("no tool was called");
    const result = { type: "tool_result" as const, tool_use_id: call.id, content: "22 degrees" };
    const turns = [
      ...messages,
      { role: "assistant" as const, content: first.content },
      { role: "user" as const, content: [result] },
    ];
    const second = await client.messages.create({ ...asked, messages: turns, tools: [weather] });
    expect(second.stop_reason).toBe("end_turn");
    expect(second.content.map(({ type }) => type)).toEqual(["text"]);
  });

  test("the tools that its runner runs, until it has a response", async () => {
    const ran: unknown[] = [];
    const run = (input: unknown): string => {
      ran.push(input);
      return "22 degrees";
    };
    const tool = { ...weather, type: "custom" as const, run, parse: (input: unknown) => input };
    const runner = client.beta.messages.toolRunner({ ...asked, tools: [tool], stream: true });
    const { content, stop_reason: reason } = await runner.runUntilDone();
    expect(ran).toEqual([{ place: expect.any(String) as string, unit: expect.any(String) as string }]);
    expect([content[0]?.type, reason]).toEqual(["text", "end_turn"]);
  });

  test("thinking before the response, signed, and within its budget", async () => {
    const thinking = { type: "enabled" as const, budget_tokens: 1024 };
    const stream = client.messages.stream({ ...asked, thinking }, control("tokens=4000"));
    let thoughts = 0;
    stream.on("thinking", () => void (thoughts += 1));
    const { content, usage } = await stream.finalMessage();
    expect(content.map(({ type }) => type)).toEqual(["thinking", "text"]);
    expect(thoughts).toBe(1024);
    expect(content[0]).toMatchObject({ signature: expect.stringMatching(/^c3R1bnRkb3VibGU6\w+$/) as string });
    expect(usage).toMatchObject({ output_tokens: 4000, output_tokens_details: { thinking_tokens: 1024 } });
  });

  test("thinking that is not shown, and is paid for", async () => {
    const thinking = { type: "adaptive" as const, display: "omitted" as const };
    const message = await client.messages.stream({ ...asked, thinking }, control("tokens=100")).finalMessage();
    expect(message.content[0]).toMatchObject({ type: "thinking", thinking: "" });
    expect(message.usage.output_tokens).toBe(100);
  });

  test("JSON of the schema that was asked for", async () => {
    const schema = weather.input_schema;
    const format = { type: "json_schema" as const, schema: { ...schema, additionalProperties: false } };
    const message = await client.messages.parse({ ...asked, output_config: { format } });
    expect(message.parsed_output).toEqual({
      place: expect.any(String) as string,
      unit: expect.stringMatching(/^celsius$|^fahrenheit$/) as string,
    });
  });

  test("the number of tokens of a request, the same as its usage names", async () => {
    const { max_tokens: _, ...countable } = { ...asked, system: "Be brief.", tools: [weather] };
    const { input_tokens: counted } = await client.messages.countTokens(countable);
    const { usage } = await client.messages.create({ ...countable, max_tokens: 5 });
    expect(usage.input_tokens).toBe(counted);
  });

  test("models, page by page and by name", async () => {
    const ids: string[] = [];
    for await (const { id } of client.models.list({ limit: 3 })) ids.push(id);
    expect(ids).toContain("claude-opus-4-6");
    expect(new Set(ids).size).toBe(ids.length);
    expect(await client.models.retrieve("claude-of-tomorrow")).toMatchObject({ id: "claude-of-tomorrow", line: null });
  });

  test("the refusal of a request that the provider refuses", async () => {
    const failure = await failureOf(client.messages.create({ ...asked, messages: [] }));
    expect(failure).toBeInstanceOf(BadRequestError);
    expect(failure).toMatchObject({
      type: "invalid_request_error",
      apiMessage: "messages: at least one message is required",
    });
  });
});

describe("the Anthropic client for JavaScript meets each fault as it meets the real one", () => {
  let node: Node;
  let client: Anthropic;
  beforeAll(async () => {
    node = await startNode({ control: { enabled: true } });
    client = new Anthropic({ baseURL: node.url, apiKey: "sk-none", ...options });
  });
  afterAll(() => node.stop());

  const asked = { model, messages, max_tokens: 1000 };
  const ask = (control: string, more: { timeout?: number; maxRetries?: number } = {}) =>
    failureOf(client.messages.create(asked, { headers: { "x-stuntdouble": control }, ...more }));

  test.each([
    [400, BadRequestError, "invalid_request_error"],
    [401, AuthenticationError, "authentication_error"],
    [402, PaymentRequiredError, "billing_error"],
    [403, PermissionDeniedError, "permission_error"],
    [404, NotFoundError, "not_found_error"],
    [409, ConflictError, "conflict_error"],
    [413, ContentTooLargeError, "request_too_large"],
    [422, UnprocessableEntityError, "invalid_request_error"],
    [429, RateLimitError, "rate_limit_error"],
    [500, InternalServerError, "api_error"],
    [503, ServiceUnavailableError, "api_error"],
    [504, GatewayTimeoutError, "timeout_error"],
    [529, OverloadedError, "overloaded_error"],
  ])("status %i", async (status, kind, type) => {
    const failure = await ask(`fault=status;status=${status}`);
    expect(failure).toBeInstanceOf(kind);
    expect(failure).toMatchObject({ status, type, requestID: expect.stringMatching(/^req_/) as string });
  });

  test("tries again what may work, and nothing else", async () => {
    for (const status of [400, 529]) await ask(`fault=status;status=${status}`, { maxRetries: 1 });
    const statuses = (await node.outcomes(3)).map((outcome) => outcome.status);
    expect(statuses.slice(0, 3)).toEqual([529, 529, 400]);
  });

  test.each(["delay;ms=5000", "hang"])("%s, beyond its patience", async (fault) => {
    expect(await ask(`fault=${fault}`, { timeout: 100 })).toBeInstanceOf(APIConnectionTimeoutError);
  });

  test.each(["cut", "reset"])("%s before the head", async (kind) => {
    expect(await ask(`fault=${kind}`)).toBeInstanceOf(APIConnectionError);
  });

  test.each([
    ["cut", 12, /terminated/],
    ["reset", 12, /terminated/],
    ["malformed", 5, /JSON/],
    ["clean-end", 9, undefined],
  ])("%s in the middle of a stream", async (kind, after, message) => {
    const headers = { "x-stuntdouble": `itl=1, tokens=20, fault=${kind};after=${after}` };
    let tokens = 0;
    let ends = 0;
    const read = async (): Promise<void> => {
      for await (const event of await client.messages.create({ ...asked, stream: true }, { headers })) {
        if (event.type === "content_block_delta") tokens += 1;
        if (event.type === "message_delta" || event.type === "message_stop") ends += 1;
      }
    };
    const failure = await failureOf(read());
    expect([tokens, ends]).toEqual([after, 0]);
    if (message === undefined) expect(failure).toBeUndefined();
    else expect(String(failure)).toMatch(message);
  });
});

describe("the Anthropic client for JavaScript, with an upstream", () => {
  let upstream: ScriptedUpstream;
  let node: Node;
  let client: Anthropic;
  beforeAll(async () => {
    upstream = await startUpstream(hang);
    const claude = { url: upstream.url, dialect: "anthropic", apiKeyEnv: "REAL_KEY" };
    node = await startNode(
      { upstreams: { claude }, default: { serve: "forward" } },
      { env: { REAL_KEY: "sk-ant-real" } },
    );
    client = new Anthropic({ baseURL: node.url, apiKey: "sk-of-the-caller", ...options });
  });
  afterEach(() => upstream.script(hang));
  afterAll(async () => {
    await node.stop();
    await upstream.stop();
  });

  const asked = { model, messages, max_tokens: 1000 };

  test("sends the configured key in the provider's header, and not its own", async () => {
    upstream.script(json({ type: "message", content: [], usage: { output_tokens: 7 } }));
    await client.messages.create(asked);
    const { headers } = upstream.received.at(-1)!;
    expect(headers["x-api-key"]).toBe("sk-ant-real");
    expect(headers["authorization"]).toBeUndefined();
    const [outcome] = await node.outcomes(1);
    expect(outcome).toMatchObject({ dialect: "anthropic", mode: "real", actual: { tokens: 7 } });
  });

  test("raises an error of the provider that comes in the middle of a stream", async () => {
    const start = `event: message_start\ndata: {"type":"message_start","message":{"content":[],"usage":{}}}\n\n`;
    upstream.script(sse([start, String(anthropic.failureEvent({ status: 529, requestId: "req_1" }))]));
    const failure = await failureOf(client.messages.stream(asked).finalMessage());
    expect(failure).toBeInstanceOf(APIError);
    expect(failure).toMatchObject({ type: "overloaded_error", apiMessage: "Overloaded", status: undefined });
  });
});
