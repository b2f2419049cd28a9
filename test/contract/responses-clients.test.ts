import { createOpenAI } from "@ai-sdk/openai";
import { ChatOpenAI } from "@langchain/openai";
import { embed, generateText, jsonSchema, streamText, tool } from "ai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNode, type Node } from "../support/node.ts";

describe("clients that ask for responses", () => {
  let node: Node;
  beforeAll(async () => void (node = await startNode()));
  afterAll(() => node.stop());

  describe("the AI SDK, which checks each response and event", () => {
    const provider = () => createOpenAI({ baseURL: `${node.url}/v1`, apiKey: "sk-none" });
    const parameters = {
      type: "object" as const,
      properties: { city: { type: "string" as const } },
      required: ["city"],
    };
    const tools = {
      weather: tool({
        description: "The weather",
        inputSchema: jsonSchema<{ city: string }>(parameters),
        execute: async () => "sunny",
      }),
    };

    test("gets a text and its usage", async () => {
      const { text, usage, finishReason } = await generateText({ model: provider()("gpt-4o"), prompt: "Hi" });
      expect(text).toMatch(/\w/);
      expect(finishReason).toBe("stop");
      expect(usage.outputTokens).toBeGreaterThan(0);
    });

    test("streams reasoning, and then the response", async () => {
      const stream = streamText({
        model: provider()("o4-mini"),
        prompt: "Hi",
        providerOptions: { openai: { reasoningSummary: "auto" } },
      });
      const errors: unknown[] = [];
      for await (const part of stream.fullStream) if (part.type === "error") errors.push(part.error);
      expect(errors).toEqual([]);
      expect(await stream.reasoningText).toMatch(/\w/);
      expect(await stream.text).toMatch(/\w/);
    });

    test("has a tool called, whole and streamed", async () => {
      const whole = await generateText({ model: provider()("gpt-4o"), prompt: "Weather?", tools });
      expect(whole.finishReason).toBe("tool-calls");
      expect(whole.toolResults.map(({ output }) => output)).toEqual(["sunny"]);
      const streamed = streamText({ model: provider()("gpt-4o"), prompt: "Weather?", tools });
      const calls = await streamed.toolCalls;
      expect(calls.map(({ toolName }) => toolName)).toEqual(["weather"]);
    });

    test("gets an embedding", async () => {
      const { embedding } = await embed({ model: provider().embeddingModel("text-embedding-3-small"), value: "Hi" });
      expect(embedding).toHaveLength(1536);
    });
  });

  test("LangChain gets a text, whole and streamed", async () => {
    const configuration = { baseURL: `${node.url}/v1` };
    const model = new ChatOpenAI({ model: "gpt-4o", apiKey: "sk-none", useResponsesApi: true, configuration });
    const whole = await model.invoke("Hi");
    expect(whole.text).toMatch(/\w/);
    expect(whole.usage_metadata).toMatchObject({ output_tokens: expect.any(Number) as number });
    let text = "";
    for await (const chunk of await model.stream("Hi")) text += chunk.text;
    expect(text).toMatch(/\w/);
  });
});
