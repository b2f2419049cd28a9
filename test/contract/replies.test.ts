import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI, type Content } from "@google/genai";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNode, type Node } from "../support/node.ts";
import { chatBody, postText, rawRequest } from "../support/raw.ts";

const schema = { type: "object" as const, properties: { city: { type: "string" as const } }, required: ["city"] };
const question = "What is the weather in Köln?";
const result = "sunny, 21 degrees";

describe("an agent's loop that a test has written: first a tool is called, and after its result the model is done", () => {
  let node: Node;
  beforeAll(async () => {
    const rules = [
      {
        name: "done",
        match: { hasToolResult: true, toolResult: "(?P<weather>\\w+), (?P<degrees>\\d+)" },
        serve: "simulate",
        profile: "instant",
        reply: { text: "Done: ${weather} at ${degrees} °C." },
      },
      {
        name: "look",
        match: { lastUserMessage: "(?i)weather in (?P<city>\\pL+)", toolNames: "get_weather" },
        serve: "simulate",
        profile: "instant",
        reply: { toolCalls: [{ name: "get_weather", arguments: { city: "${city}" } }] },
      },
    ];
    node = await startNode({ rules });
  }, 60_000);
  afterAll(() => node.stop());
  const done = "Done: sunny at 21 °C.";

  test.each([false, true])("with chat completions, streamed: %s", async (stream) => {
    const client = new OpenAI({ baseURL: `${node.url}/v1`, apiKey: "sk-none", maxRetries: 0 });
    const tools = [{ type: "function" as const, function: { name: "get_weather", parameters: schema } }];
    const say = async (messages: OpenAI.ChatCompletionMessageParam[]) => {
      const request = { model: "gpt-4o", messages, tools };
      if (!stream) return (await client.chat.completions.create(request)).choices[0]!;
      return (await client.chat.completions.stream(request).finalChatCompletion()).choices[0]!;
    };
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: "user", content: question }];
    const first = await say(messages);
    const [call] = first.message.tool_calls ?? [];
    expect(first.finish_reason).toBe("tool_calls");
    expect(call).toMatchObject({ function: { name: "get_weather", arguments: '{"city":"Köln"}' } });
    messages.push(first.message, { role: "tool", tool_call_id: call!.id, content: result });
    expect(await say(messages)).toMatchObject({ finish_reason: "stop", message: { content: done } });
  });

  test.each([false, true])("with the Responses API, streamed: %s", async (stream) => {
    const client = new OpenAI({ baseURL: `${node.url}/v1`, apiKey: "sk-none", maxRetries: 0 });
    const tools = [{ type: "function" as const, name: "get_weather", parameters: schema, strict: false }];
    const say = async (request: { input: OpenAI.Responses.ResponseInput; previous_response_id?: string }) => {
      const asked = { model: "gpt-4o", tools, ...request };
      return stream ? await client.responses.stream(asked).finalResponse() : await client.responses.create(asked);
    };
    const first = await say({ input: [{ role: "user", content: question }] });
    const [call] = first.output.flatMap((item) => (item.type === "function_call" ? [item] : []));
    expect(call).toMatchObject({ name: "get_weather", arguments: '{"city":"Köln"}' });
    const output = { type: "function_call_output" as const, call_id: call!.call_id, output: result };
    const second = await say({ input: [output], previous_response_id: first.id });
    expect(second.output_text).toBe(done);
  });

  test.each([false, true])("with Anthropic's messages, streamed: %s", async (stream) => {
    const client = new Anthropic({ baseURL: node.url, apiKey: "sk-none", maxRetries: 0 });
    const tools = [{ name: "get_weather", input_schema: schema }];
    const say = async (messages: Anthropic.MessageParam[]) => {
      const request = { model: "claude-sonnet-4-5", max_tokens: 100, messages, tools };
      return stream ? await client.messages.stream(request).finalMessage() : await client.messages.create(request);
    };
    const messages: Anthropic.MessageParam[] = [{ role: "user", content: question }];
    const first = await say(messages);
    const call = first.content.find((block) => block.type === "tool_use");
    expect(first.stop_reason).toBe("tool_use");
    expect(call).toMatchObject({ name: "get_weather", input: { city: "Köln" } });
    messages.push(
      { role: "assistant", content: first.content },
      { role: "user", content: [{ type: "tool_result", tool_use_id: call!.id, content: result }] },
    );
    const second = await say(messages);
    expect(second).toMatchObject({ stop_reason: "end_turn", content: [{ type: "text", text: done }] });
  });

  test.each([false, true])("with Gemini, streamed: %s", async (stream) => {
    const client = new GoogleGenAI({ apiKey: "none", httpOptions: { baseUrl: node.url } });
    const tools = [{ functionDeclarations: [{ name: "get_weather", parametersJsonSchema: schema }] }];
    const say = async (contents: Content[]) => {
      const request = { model: "gemini-2.5-flash", contents, config: { tools } };
      if (!stream) {
        const { text, functionCalls } = await client.models.generateContent(request);
        return { text, functionCalls };
      }
      let text = "";
      const functionCalls = [];
      for await (const chunk of await client.models.generateContentStream(request)) {
        functionCalls.push(...(chunk.functionCalls ?? []));
        if (chunk.functionCalls === undefined) text += chunk.text ?? "";
      }
      return { text, functionCalls };
    };
    const contents: Content[] = [{ role: "user", parts: [{ text: question }] }];
    const first = await say(contents);
    const [call] = first.functionCalls ?? [];
    expect(call).toMatchObject({ name: "get_weather", args: { city: "Köln" } });
    contents.push(
      { role: "model", parts: [{ functionCall: { name: "get_weather", args: { city: "Köln" } } }] },
      { role: "user", parts: [{ functionResponse: { name: "get_weather", response: { weather: result } } }] },
    );
    expect((await say(contents)).text).toBe(done);
  });
});

test("replies come in turn over the retries of an official client", async () => {
  const replies = [{ text: "first" }, { text: "second" }];
  const node = await startNode({ default: { serve: "simulate", profile: "instant", replies } });
  try {
    const client = new OpenAI({ baseURL: `${node.url}/v1`, apiKey: "sk-none", maxRetries: 0 });
    const say = async (retries: string): Promise<string | null> => {
      const messages = [{ role: "user" as const, content: "Hi" }];
      const headers = { "x-stainless-retry-count": retries };
      const { choices } = await client.chat.completions.create({ model: "gpt-4o", messages }, { headers });
      return choices[0]!.message.content;
    };
    expect([await say("0"), await say("1"), await say("2")]).toEqual(["first", "second", "second"]);
  } finally {
    await node.stop();
  }
});

test("faults act on a reply as on all that is simulated", async () => {
  const reply = { text: "one two three four five" };
  const faults = [{ kind: "cut", afterTokens: 2 }];
  const node = await startNode({ default: { serve: "simulate", profile: "instant", reply, faults } });
  try {
    const answer = await rawRequest(node.port, postText("/v1/chat/completions", chatBody({ stream: true })));
    expect(answer.body).toContain('"content":" two"');
    expect(answer.body).not.toContain("three");
    expect(answer.body).not.toContain("[DONE]");
  } finally {
    await node.stop();
  }
});
