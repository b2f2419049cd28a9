import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { generateText, tool, type LanguageModel, type ToolSet } from "ai";
import { Ollama } from "ollama";
import OpenAI from "openai";
import { z } from "zod";
import type { Asked } from "./clients.ts";

/** A client that asks for calls of a tool, and gives what its application is given: names, arguments and ids. */
export type ToolClient = { readonly name: string; calls(asked: Asked): Promise<unknown[]> };

const content = "How is the weather in Oslo and in Rome?";
const messages = [{ role: "user" as const, content }];
const name = "weather";
const properties = { city: { type: "string" } };
const parameters = { type: "object" as const, properties, required: ["city"], additionalProperties: false };

const openai: ToolClient = {
  name: "openai (npm)",
  async calls({ url, headers }) {
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "sk-none", maxRetries: 0, defaultHeaders: headers });
    const tools = [{ type: "function" as const, function: { name, parameters } }];
    const { choices } = await client.chat.completions.create({ model: "gpt-4o", messages, tools });
    return choices[0]?.message.tool_calls ?? [];
  },
};

const anthropic: ToolClient = {
  name: "@anthropic-ai/sdk",
  async calls({ url, headers }) {
    const client = new Anthropic({ baseURL: url, apiKey: "sk-none", maxRetries: 0, defaultHeaders: headers });
    const tools = [{ name, input_schema: parameters }];
    const made = await client.messages.create({ model: "claude-sonnet-4-5", max_tokens: 100, messages, tools });
    return made.content.filter(({ type }) => type === "tool_use");
  },
};

/** The AI SDK checks a call against the schema, and gives the error with it. */
const aiSdk = (column: string, modelAt: (asked: Asked) => LanguageModel): ToolClient => ({
  name: column,
  async calls(asked) {
    const tools = { weather: tool({ inputSchema: z.strictObject({ city: z.string() }) }) } as unknown as ToolSet;
    const { toolCalls } = await generateText({ model: modelAt(asked), prompt: content, tools, maxRetries: 0 });
    for (const call of toolCalls) if (call.invalid === true) throw call.error;
    return toolCalls;
  },
});

const genai: ToolClient = {
  name: "@google/genai",
  async calls({ url, headers }) {
    const ai = new GoogleGenAI({ apiKey: "none", httpOptions: { baseUrl: url, headers } });
    const config = { tools: [{ functionDeclarations: [{ name, parametersJsonSchema: parameters }] }] };
    const made = await ai.models.generateContent({ model: "gemini-2.5-flash", contents: content, config });
    return made.functionCalls ?? [];
  },
};

const ollama: ToolClient = {
  name: "ollama (npm)",
  async calls({ url, headers }) {
    const client = new Ollama({ host: url, headers: { ...headers } });
    const tools = [{ type: "function", function: { name, description: "", parameters } }];
    const { message } = await client.chat({ model: "llama3.2", messages, stream: false, tools });
    return message.tool_calls ?? [];
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
