import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { generateText, streamText, tool, type LanguageModel, type ToolSet, type TypedToolCall } from "ai";
import { Ollama } from "ollama";
import OpenAI from "openai";
import { z } from "zod";
import type { Asked } from "./clients.ts";

/** A client that asks for calls of a tool, and gives what its application is given: names, arguments and ids. */
export type ToolClient = {
  readonly name: string;
  /** From a response in one piece. */
  calls(asked: Asked): Promise<unknown[]>;
  /** From a stream, by the client's own helper where it has one. */
  streamed(asked: Asked): Promise<unknown[]>;
};

const content = "How is the weather in Oslo and in Rome?";
const messages = [{ role: "user" as const, content }];
const name = "weather";
const properties = { city: { type: "string" } };
const parameters = { type: "object" as const, properties, required: ["city"], additionalProperties: false };

const openaiTools = [{ type: "function" as const, function: { name, parameters } }];
const openaiAt = ({ url, headers }: Asked): OpenAI =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: "sk-none", maxRetries: 0, defaultHeaders: headers });

const openai: ToolClient = {
  name: "openai (npm)",
  async calls(asked) {
    const request = { model: "gpt-4o", messages, tools: openaiTools };
    const { choices } = await openaiAt(asked).chat.completions.create(request);
    return choices[0]?.message.tool_calls ?? [];
  },
  async streamed(asked) {
    const request = { model: "gpt-4o", messages, tools: openaiTools };
    const { choices } = await openaiAt(asked).chat.completions.stream(request).finalChatCompletion();
    return choices[0]?.message.tool_calls ?? [];
  },
};

const anthropicRequest = {
  model: "claude-sonnet-4-5",
  max_tokens: 100,
  messages,
  tools: [{ name, input_schema: parameters }],
};
const anthropicAt = ({ url, headers }: Asked): Anthropic =>
  new Anthropic({ baseURL: url, apiKey: "sk-none", maxRetries: 0, defaultHeaders: headers });

const anthropic: ToolClient = {
  name: "@anthropic-ai/sdk",
  async calls(asked) {
    const made = await anthropicAt(asked).messages.create(anthropicRequest);
    return made.content.filter(({ type }) => type === "tool_use");
  },
  async streamed(asked) {
    const made = await anthropicAt(asked).messages.stream(anthropicRequest).finalMessage();
    return made.content.filter(({ type }) => type === "tool_use");
  },
};

const aiSdkTools = { weather: tool({ inputSchema: z.strictObject({ city: z.string() }) }) } as unknown as ToolSet;

/** The AI SDK checks a call against the schema, and gives the error with it. */
const aiSdk = (column: string, modelAt: (asked: Asked) => LanguageModel): ToolClient => {
  const valid = (calls: readonly TypedToolCall<ToolSet>[]): unknown[] => {
    for (const call of calls) if (call.invalid === true) throw call.error;
    return [...calls];
  };
  const requestFor = (asked: Asked) => ({ model: modelAt(asked), prompt: content, tools: aiSdkTools, maxRetries: 0 });
  return {
    name: column,
    calls: async (asked) => valid((await generateText(requestFor(asked))).toolCalls),
    streamed: async (asked) => valid(await streamText({ ...requestFor(asked), onError: () => undefined }).toolCalls),
  };
};

const genaiRequest = {
  model: "gemini-2.5-flash",
  contents: content,
  config: { tools: [{ functionDeclarations: [{ name, parametersJsonSchema: parameters }] }] },
};
const genaiAt = ({ url, headers }: Asked): GoogleGenAI =>
  new GoogleGenAI({ apiKey: "none", httpOptions: { baseUrl: url, headers } });

const genai: ToolClient = {
  name: "@google/genai",
  async calls(asked) {
    return (await genaiAt(asked).models.generateContent(genaiRequest)).functionCalls ?? [];
  },
  async streamed(asked) {
    const calls: unknown[] = [];
    const stream = await genaiAt(asked).models.generateContentStream(genaiRequest);
    for await (const { functionCalls } of stream) calls.push(...(functionCalls ?? []));
    return calls;
  },
};

const ollamaRequest = {
  model: "llama3.2",
  messages,
  tools: [{ type: "function", function: { name, description: "", parameters } }],
};
const ollamaAt = ({ url, headers }: Asked): Ollama => new Ollama({ host: url, headers: { ...headers } });

const ollama: ToolClient = {
  name: "ollama (npm)",
  async calls(asked) {
    const { message } = await ollamaAt(asked).chat({ ...ollamaRequest, stream: false });
    return message.tool_calls ?? [];
  },
  async streamed(asked) {
    const calls: unknown[] = [];
    const stream = await ollamaAt(asked).chat({ ...ollamaRequest, stream: true });
    for await (const { message } of stream) calls.push(...(message.tool_calls ?? []));
    return calls;
  },
};

/** In the order of the table's columns. */
export const toolClients: readonly ToolClient[] = [
  openai,
  aiSdk("AI SDK (@ai-sdk/openai)", ({ url, headers }) =>
    createOpenAI({ baseURL: `${url}/v1`, apiKey: "sk-none", headers: { ...headers } }).chat("gpt-4o"),
  ),
  anthropic,
  aiSdk("AI SDK (@ai-sdk/anthropic)", ({ url, headers }) =>
    createAnthropic({ baseURL: `${url}/v1`, apiKey: "sk-none", headers: { ...headers } })("claude-sonnet-4-5"),
  ),
  genai,
  ollama,
];
