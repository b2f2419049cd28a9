import { HumanMessage, type AIMessageChunk } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { AzureChatOpenAI, ChatOpenAI, OpenAI } from "@langchain/openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { startNode, type Node } from "../support/node.ts";

const question = "What is the weather?";
const schema = z.object({ name: z.string(), age: z.number().int().min(0), tags: z.array(z.string()) });
const place = z.object({ city: z.string() });
const weather = tool(({ city }: z.infer<typeof place>) => `sunny in ${city}`, {
  name: "weather",
  description: "",
  schema: place,
});

describe("LangChain, with OpenAI's chat", () => {
  let node: Node;
  let chat: (model?: string) => ChatOpenAI;
  beforeAll(async () => {
    node = await startNode({ control: { enabled: true } });
    chat = (model = "gpt-4o") =>
      new ChatOpenAI({
        model,
        apiKey: "sk-none",
        maxRetries: 0,
        configuration: { baseURL: `${node.url}/v1`, defaultHeaders: { "x-stuntdouble": "tokens=30, seed=7" } },
      });
  });
  afterAll(() => node.stop());

  test("gets a message with its usage", async () => {
    const message = await chat().invoke(question);
    expect(message.text).not.toBe("");
    expect(message.usage_metadata).toMatchObject({ output_tokens: 30 });
    expect(message.response_metadata["finish_reason"]).toBe("stop");
  });

  test("gets the same text in a stream, token by token", async () => {
    const pieces: string[] = [];
    let whole: AIMessageChunk | undefined;
    for await (const chunk of await chat().stream(question)) {
      if (chunk.text !== "") pieces.push(chunk.text);
      whole = whole === undefined ? chunk : whole.concat(chunk);
    }
    expect(pieces).toHaveLength(30);
    expect(pieces.join("")).toBe((await chat().invoke(question)).text);
    expect(whole?.usage_metadata).toMatchObject({ output_tokens: 30 });
  });

  test("is told of the tokens that went into reasoning", async () => {
    const { usage_metadata: usage } = await chat("o3").invoke(question);
    expect(usage).toMatchObject({ output_tokens: 30, output_token_details: { reasoning: 15 } });
  });

  test("calls a tool that was bound, and answers its result in words", async () => {
    const model = chat().bindTools([weather]);
    const asked = new HumanMessage(question);
    const message = await model.invoke([asked]);
    expect(message.tool_calls).toHaveLength(1);
    const [call] = message.tool_calls!;
    expect(place.safeParse(call!.args).success).toBe(true);
    const result = await weather.invoke(call!);
    const response = await model.invoke([asked, message, result]);
    expect(response.tool_calls).toEqual([]);
    expect(response.text).not.toBe("");
  });

  test("gathers a tool call from a stream", async () => {
    let whole: AIMessageChunk | undefined;
    for await (const chunk of await chat().bindTools([weather]).stream(question)) {
      whole = whole === undefined ? chunk : whole.concat(chunk);
    }
    expect(whole?.tool_calls).toHaveLength(1);
    expect(place.safeParse(whole!.tool_calls![0]!.args).success).toBe(true);
  });

  test.each(["jsonSchema", "functionCalling", "jsonMode"] as const)("gets structured output by %s", async (method) => {
    const asked = `${question} Answer as JSON.`;
    if (method === "jsonMode") {
      const response = await chat().withStructuredOutput(z.looseObject({}), { method }).invoke(asked);
      expect(response).toBeTypeOf("object");
      return;
    }
    const response = await chat().withStructuredOutput(schema, { method, name: "person" }).invoke(asked);
    expect(schema.safeParse(response).success).toBe(true);
  });

  test("gets a completion", async () => {
    const model = new OpenAI({
      model: "gpt-3.5-turbo-instruct",
      apiKey: "sk-none",
      configuration: { baseURL: `${node.url}/v1` },
    });
    expect(await model.invoke(question)).not.toBe("");
  });
});

describe("LangChain, with Azure's chat", () => {
  let node: Node;
  beforeAll(async () => {
    node = await startNode({ control: { enabled: true } });
  });
  afterAll(() => node.stop());

  test.each([
    ["chat completions", false],
    ["responses", true],
  ])("gets a message by %s", async (_, useResponsesApi) => {
    const chat = new AzureChatOpenAI({
      useResponsesApi,
      azureOpenAIApiKey: "key-of-nobody",
      azureOpenAIEndpoint: node.url,
      azureOpenAIApiDeploymentName: "mine",
      azureOpenAIApiVersion: "2025-04-01-preview",
      maxRetries: 0,
    });
    expect((await chat.invoke(question)).text).toMatch(/\w/);
  });
});
