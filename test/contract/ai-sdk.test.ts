import { createOpenAI, type OpenAIProvider } from "@ai-sdk/openai";
import { generateObject, generateText, Output, stepCountIs, streamText, tool } from "ai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { startNode, type Node } from "../support/node.ts";

const prompt = "What is the weather?";
const schema = z.object({ name: z.string(), age: z.number().int().min(0), tags: z.array(z.string()) });

/** A tool that notes what it was called with. */
function weatherTool() {
  const calls: { city: string; days: number }[] = [];
  const weather = tool({
    description: "Tells the weather",
    inputSchema: z.object({ city: z.string(), days: z.number().int() }),
    execute: (input) => {
      calls.push(input);
      return { sky: "blue" };
    },
  });
  return { calls, tools: { weather } };
}

describe("the AI SDK, with OpenAI's chat", () => {
  let node: Node;
  let openai: OpenAIProvider;
  beforeAll(async () => {
    node = await startNode({ control: { enabled: true } });
    openai = createOpenAI({
      baseURL: `${node.url}/v1`,
      apiKey: "sk-none",
      headers: { "x-stuntdouble": "tokens=30, seed=7" },
    });
  });
  afterAll(() => node.stop());

  test("gets a text with its usage and its end", async () => {
    const { text, usage, finishReason } = await generateText({ model: openai.chat("gpt-4o"), prompt });
    expect(text).not.toBe("");
    expect(finishReason).toBe("stop");
    expect(usage.outputTokens).toBe(30);
  });

  test("gets the same text in a stream, token by token", async () => {
    const { text } = await generateText({ model: openai.chat("gpt-4o"), prompt });
    const stream = streamText({ model: openai.chat("gpt-4o"), prompt });
    const pieces: string[] = [];
    for await (const piece of stream.textStream) pieces.push(piece);
    expect(pieces).toHaveLength(30);
    expect(pieces.join("")).toBe(text);
    expect(await stream.finishReason).toBe("stop");
    expect((await stream.usage).outputTokens).toBe(30);
  });

  test("is told of the tokens that went into reasoning", async () => {
    const { usage } = await generateText({ model: openai.chat("o3"), prompt });
    expect(usage).toMatchObject({ outputTokens: 30, outputTokenDetails: { reasoningTokens: 15, textTokens: 15 } });
  });

  test("calls a tool and then answers in words", async () => {
    const { calls, tools } = weatherTool();
    const { text, steps } = await generateText({
      model: openai.chat("gpt-4o"),
      prompt,
      tools,
      stopWhen: stepCountIs(3),
    });
    expect(calls).toEqual([{ city: expect.any(String), days: expect.any(Number) }]);
    expect(steps.map(({ finishReason }) => finishReason)).toEqual(["tool-calls", "stop"]);
    expect(text).not.toBe("");
  });

  test("calls a tool in a stream, and then streams the response", async () => {
    const { calls, tools } = weatherTool();
    const stream = streamText({ model: openai.chat("gpt-4o"), prompt, tools, stopWhen: stepCountIs(3) });
    const kinds = new Set<string>();
    for await (const { type } of stream.fullStream) kinds.add(type);
    expect(calls).toHaveLength(1);
    expect([...kinds]).toEqual(
      expect.arrayContaining(["tool-input-delta", "tool-call", "tool-result", "text-delta", "finish"]),
    );
    expect(kinds).not.toContain("error");
  });

  test("must call the tool that is named", async () => {
    const { tools } = weatherTool();
    const other = tool({ inputSchema: z.object({}), execute: () => "x" });
    const { toolCalls } = await generateText({
      model: openai.chat("gpt-4o"),
      prompt,
      tools: { ...tools, other },
      toolChoice: { type: "tool", toolName: "other" },
    });
    expect(toolCalls.map(({ toolName }) => toolName)).toEqual(["other"]);
  });

  test("gets an object of a schema", async () => {
    const { object } = await generateObject({ model: openai.chat("gpt-4o"), prompt, schema });
    expect(schema.safeParse(object).success).toBe(true);
  });

  test("gets an object of a schema in a stream, growing", async () => {
    const stream = streamText({ model: openai.chat("gpt-4o"), prompt, output: Output.object({ schema }) });
    let partials = 0;
    for await (const partial of stream.partialOutputStream) partials += partial === undefined ? 0 : 1;
    expect(partials).toBeGreaterThan(1);
    expect(schema.safeParse(await stream.output).success).toBe(true);
  });

  test("gets logprobs", async () => {
    const { providerMetadata } = await generateText({
      model: openai.chat("gpt-4o"),
      prompt,
      providerOptions: { openai: { logprobs: 2 } },
    });
    expect(providerMetadata?.["openai"]?.["logprobs"]).toHaveLength(30);
  });

  test("gets a completion, whole and streamed", async () => {
    const model = openai.completion("gpt-3.5-turbo-instruct");
    const { text } = await generateText({ model, prompt });
    const stream = streamText({ model, prompt });
    let streamed = "";
    for await (const piece of stream.textStream) streamed += piece;
    expect(streamed).toBe(text);
    expect(text).not.toBe("");
  });
});
