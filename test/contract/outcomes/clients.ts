import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { ChatOpenAI } from "@langchain/openai";
import { generateText, streamText, type LanguageModel } from "ai";
import { Ollama } from "ollama";
import OpenAI from "openai";

/** One call through an official client: the text it gave, or what it threw. */
export type Attempt = (options: Asked) => Promise<string>;

/** Where a call goes, and its headers besides those of the client. */
export type Asked = { readonly url: string; readonly headers: Readonly<Record<string, string>> };

/** A client as a column of the table. No client tries again, so that a fault is met once. */
export type TableClient = { readonly name: string; readonly whole: Attempt; readonly streamed: Attempt };

/** No response here takes longer than a few milliseconds, so a client that waits this long waits for ever. */
const patienceMs = 1000;
const model = "gpt-4o";
const claude = "claude-sonnet-4-5";
const gemini = "gemini-2.5-flash";
const prompt = "Say this is a test";
const messages = [{ role: "user" as const, content: prompt }];

const openai = ({ url, headers }: Asked): OpenAI =>
  new OpenAI({
    baseURL: `${url}/v1`,
    apiKey: "sk-none",
    maxRetries: 0,
    timeout: patienceMs,
    logLevel: "off",
    defaultHeaders: headers,
  });

const openaiJs: TableClient = {
  name: "openai (npm)",
  async whole(options) {
    const response = await openai(options).chat.completions.create({ model, messages });
    return response.choices[0]?.message.content ?? "";
  },
  async streamed(options) {
    const signal = AbortSignal.timeout(patienceMs);
    const stream = await openai(options).chat.completions.create({ model, messages, stream: true }, { signal });
    let text = "";
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    signal.throwIfAborted();
    return text;
  },
};

/** The AI SDK with the package of one provider. */
const aiSdk = (name: string, modelAt: (url: string, headers: Asked["headers"]) => LanguageModel): TableClient => ({
  name,
  async whole({ url, headers }) {
    const abortSignal = AbortSignal.timeout(patienceMs);
    const at = modelAt(url, headers);
    const { text } = await generateText({ model: at, prompt, maxRetries: 0, abortSignal });
    return text;
  },
  async streamed({ url, headers }) {
    const abortSignal = AbortSignal.timeout(patienceMs);
    let failure: unknown;
    const onError = ({ error }: { error: unknown }): void => void (failure = error);
    const at = modelAt(url, headers);
    const { textStream } = streamText({ model: at, prompt, maxRetries: 0, abortSignal, onError });
    let text = "";
    for await (const piece of textStream) text += piece;
    if (failure !== undefined) throw failure;
    abortSignal.throwIfAborted();
    return text;
  },
});

const aiSdkOpenAi = aiSdk("AI SDK (@ai-sdk/openai)", (url, headers) =>
  createOpenAI({ baseURL: `${url}/v1`, apiKey: "sk-none", headers }).chat(model),
);

const aiSdkAnthropic = aiSdk("AI SDK (@ai-sdk/anthropic)", (url, headers) =>
  createAnthropic({ baseURL: `${url}/v1`, apiKey: "sk-none", headers })(claude),
);

const anthropic = ({ url, headers }: Asked): Anthropic =>
  new Anthropic({
    baseURL: url,
    apiKey: "sk-none",
    maxRetries: 0,
    timeout: patienceMs,
    logLevel: "off",
    defaultHeaders: headers,
  });

const anthropicJs: TableClient = {
  name: "@anthropic-ai/sdk",
  async whole(options) {
    const { content } = await anthropic(options).messages.create({ model: claude, max_tokens: 100, messages });
    return content.map((block) => (block.type === "text" ? block.text : "")).join("");
  },
  async streamed(options) {
    const signal = AbortSignal.timeout(patienceMs);
    const ask = { model: claude, max_tokens: 100, messages, stream: true } as const;
    const stream = await anthropic(options).messages.create(ask, { signal });
    let text = "";
    for await (const event of stream)
      if (event.type === "content_block_delta" && event.delta.type === "text_delta") text += event.delta.text;
    signal.throwIfAborted();
    return text;
  },
};

const langchain = ({ url, headers }: Asked): ChatOpenAI =>
  new ChatOpenAI({
    model,
    apiKey: "sk-none",
    maxRetries: 0,
    timeout: patienceMs,
    configuration: { baseURL: `${url}/v1`, defaultHeaders: headers, logLevel: "off" },
  });

const langchainJs: TableClient = {
  name: "LangChain JS",
  async whole(options) {
    const { text } = await langchain(options).invoke(prompt);
    return text;
  },
  async streamed(options) {
    const signal = AbortSignal.timeout(patienceMs);
    let text = "";
    for await (const chunk of await langchain(options).stream(prompt, { signal })) text += chunk.text;
    signal.throwIfAborted();
    return text;
  },
};

const genai: TableClient = {
  name: "@google/genai",
  async whole({ url, headers }) {
    const ai = new GoogleGenAI({ apiKey: "none", httpOptions: { baseUrl: url, headers } });
    const abortSignal = AbortSignal.timeout(patienceMs);
    const response = await ai.models.generateContent({ model: gemini, contents: prompt, config: { abortSignal } });
    return response.text ?? "";
  },
  async streamed({ url, headers }) {
    const ai = new GoogleGenAI({ apiKey: "none", httpOptions: { baseUrl: url, headers } });
    const abortSignal = AbortSignal.timeout(patienceMs);
    const ask = { model: gemini, contents: prompt, config: { abortSignal } };
    let text = "";
    for await (const chunk of await ai.models.generateContentStream(ask)) text += chunk.text ?? "";
    abortSignal.throwIfAborted();
    return text;
  },
};

const ollama: TableClient = {
  name: "ollama (npm)",
  async whole({ url, headers }) {
    const client = new Ollama({ host: url, headers, fetch: patientFetch() });
    const { message } = await client.chat({ model: "llama3.2", messages, stream: false });
    return message.content;
  },
  async streamed({ url, headers }) {
    const client = new Ollama({ host: url, headers, fetch: patientFetch() });
    let text = "";
    for await (const line of await client.chat({ model: "llama3.2", messages, stream: true }))
      text += line.message.content;
    return text;
  },
};

/** This client has no timeout of its own. */
function patientFetch(): typeof fetch {
  const signal = AbortSignal.timeout(patienceMs);
  return (input, init) => fetch(input, { ...init, signal });
}

/** Every client of the table, in the order of its columns. */
export const clients: readonly TableClient[] = [
  openaiJs,
  aiSdkOpenAi,
  langchainJs,
  anthropicJs,
  aiSdkAnthropic,
  genai,
  ollama,
];
