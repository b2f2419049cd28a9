import OpenAI, { BadRequestError } from "openai";
import { zodFunction, zodResponseFormat } from "openai/helpers/zod";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { startNode, type Node } from "../support/node.ts";

const messages = [{ role: "user" as const, content: "What is the weather?" }];
const weather = z.object({ city: z.string(), unit: z.enum(["c", "f"]), days: z.number().int().min(1).max(7) });
const weatherTool = zodFunction({ name: "weather", parameters: weather });
const recipe = z.object({
  title: z.string().min(1),
  steps: z.array(z.object({ text: z.string(), minutes: z.number().nullable() })).min(1),
  kind: z.discriminatedUnion("type", [
    z.object({ type: z.literal("cake"), eggs: z.number().int() }),
    z.object({ type: z.literal("soup"), hot: z.boolean() }),
  ]),
});

/** What a tool is called with, and what the client made of it. */
function functionOf(calls: readonly OpenAI.ChatCompletionMessageToolCall[] | undefined) {
  const [call] = calls ?? [];
  if (call?.type !== "function") throw new Error("no function was called");
  return call.function as { name: string; arguments: string; parsed_arguments?: unknown };
}

describe("the openai client for JavaScript, in its chat", () => {
  let node: Node;
  let client: OpenAI;
  beforeAll(async () => {
    node = await startNode({ control: { enabled: true } });
    client = new OpenAI({ baseURL: `${node.url}/v1`, apiKey: "sk-none", maxRetries: 0, logLevel: "off" });
  });
  afterAll(() => node.stop());

  test("parses the arguments of a tool", async () => {
    const response = await client.chat.completions.parse({ model: "gpt-4o", messages, tools: [weatherTool] });
    const [choice] = response.choices;
    expect(choice!.finish_reason).toBe("tool_calls");
    const called = functionOf(choice!.message.tool_calls);
    expect(weather.parse(called.parsed_arguments)).toEqual(JSON.parse(called.arguments));
  });

  test("gathers a call from its pieces, as events and as a whole", async () => {
    const stream = client.chat.completions.stream({ model: "gpt-4o", messages, tools: [weatherTool], seed: 5 });
    const pieces: string[] = [];
    stream.on("tool_calls.function.arguments.delta", ({ arguments_delta: piece }) => pieces.push(piece));
    const { choices } = await stream.finalChatCompletion();
    const called = functionOf(choices[0]!.message.tool_calls);
    expect(pieces.length).toBeGreaterThan(3);
    expect(pieces.join("")).toBe(called.arguments);
    expect(weather.safeParse(JSON.parse(called.arguments)).success).toBe(true);
    const whole = await client.chat.completions.create({ model: "gpt-4o", messages, tools: [weatherTool], seed: 5 });
    expect(functionOf(whole.choices[0]!.message.tool_calls).arguments).toBe(called.arguments);
  });

  test("runs a tool and gets a response in words", async () => {
    const cities: string[] = [];
    const runner = client.chat.completions.runTools({
      model: "gpt-4o",
      messages,
      tools: [
        zodFunction({
          name: "weather",
          parameters: weather,
          function: ({ city }) => {
            cities.push(city);
            return "sunny";
          },
        }),
      ],
    });
    expect(await runner.finalContent()).toMatch(/\w+ \w+/);
    expect(cities).toHaveLength(1);
  });

  test.each([false, true])("parses JSON of a schema (streamed: %s)", async (streamed) => {
    const request = { model: "gpt-4o", messages, response_format: zodResponseFormat(recipe, "recipe") };
    const response = streamed
      ? await client.chat.completions.stream(request).finalChatCompletion()
      : await client.chat.completions.parse(request);
    const { parsed, content } = response.choices[0]!.message;
    expect(recipe.parse(parsed)).toEqual(JSON.parse(content!));
  });

  test("gets several choices, each with its own text, streamed as they are whole", async () => {
    const request = { model: "gpt-4o", messages, n: 3, seed: 3, max_tokens: 12 };
    const whole = await client.chat.completions.create(request);
    const stream = await client.chat.completions.stream(request).finalChatCompletion();
    const texts = (response: OpenAI.ChatCompletion): (string | null)[] =>
      response.choices.map(({ message }) => message.content);
    expect(new Set(texts(whole)).size).toBe(3);
    expect(texts(stream)).toEqual(texts(whole));
    expect(whole.usage?.completion_tokens).toBe(36);
  });

  test("gets logprobs, streamed as they are whole", async () => {
    const request = { model: "gpt-4o", messages, logprobs: true, top_logprobs: 4, seed: 3, max_tokens: 6 };
    const whole = await client.chat.completions.create(request);
    const content = whole.choices[0]!.logprobs!.content!;
    expect(content).toHaveLength(6);
    expect(content.every(({ top_logprobs: top }) => top.length === 4)).toBe(true);
    const stream = await client.chat.completions.stream(request).finalChatCompletion();
    expect(stream.choices[0]!.logprobs!.content).toEqual(content);
  });

  test("is told how many tokens went into reasoning", async () => {
    const response = await client.chat.completions.create(
      { model: "o3", messages, reasoning_effort: "high" },
      { headers: { "x-stuntdouble": "tokens=80" } },
    );
    expect(response.usage).toMatchObject({
      completion_tokens: 80,
      completion_tokens_details: { reasoning_tokens: 60 },
    });
  });

  test("calls a custom tool", async () => {
    const tools = [{ type: "custom" as const, custom: { name: "shell" } }];
    const response = await client.chat.completions.create({ model: "gpt-5", messages, tools, tool_choice: "required" });
    expect(response.choices[0]!.message.tool_calls).toMatchObject([
      { type: "custom", custom: { name: "shell", input: expect.any(String) as string } },
    ]);
  });

  test("gets the logprobs of a completion, its prompt repeated", async () => {
    const response = await client.completions.create({
      model: "gpt-3.5-turbo-instruct",
      prompt: ["Once", "Twice"],
      logprobs: 2,
      echo: true,
      max_tokens: 4,
    });
    const [first, second] = response.choices;
    expect(first!.text.startsWith("Once")).toBe(true);
    expect(second!.text.startsWith("Twice")).toBe(true);
    expect(first!.logprobs!.tokens!.join("")).toBe(first!.text);
  });

  test.each([
    ["sound", { modalities: ["text", "audio"], audio: { voice: "alloy", format: "wav" } }, "modalities"],
    [
      "a schema that is not strict",
      {
        response_format: { type: "json_schema", json_schema: { name: "s", strict: true, schema: { type: "object" } } },
      },
      "response_format",
    ],
    ["a choice of tools without tools", { tool_choice: "auto" }, "tool_choice"],
  ])("is refused %s, with the field at fault", async (_, more, param) => {
    const request = { model: "gpt-4o", messages, ...more } as OpenAI.ChatCompletionCreateParamsNonStreaming;
    const failure: unknown = await client.chat.completions.create(request).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BadRequestError);
    expect(failure).toMatchObject({ status: 400, type: "invalid_request_error", param });
  });
});
