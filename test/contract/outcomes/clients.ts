import { ChatOpenAI } from "@langchain/openai";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, streamText } from "ai";
import OpenAI from "openai";

/** One call through an official client: the text it gave, or what it threw. */
export type Attempt = (options: { readonly url: string; readonly control: string }) => Promise<string>;

/** A client as a column of the table. No client tries again, so that a fault is met once. */
export type TableClient = { readonly name: string; readonly whole: Attempt; readonly streamed: Attempt };

/** No answer here takes longer than a few milliseconds, so a client that waits this long waits for ever. */
const patienceMs = 1000;
const model = "gpt-4o";
const prompt = "Say this is a test";
const messages = [{ role: "user" as const, content: prompt }];
const headerOf = (control: string) => ({ "x-stuntdouble": `${control}, tokens=12` });

const openai = ({ url, control }: { url: string; control: string }): OpenAI =>
  new OpenAI({
    baseURL: `${url}/v1`,
    apiKey: "sk-none",
    maxRetries: 0,
    timeout: patienceMs,
    logLevel: "off",
    defaultHeaders: headerOf(control),
  });

const openaiJs: TableClient = {
  name: "openai (npm)",
  async whole(options) {
    const answer = await openai(options).chat.completions.create({ model, messages });
    return answer.choices[0]?.message.content ?? "";
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

const aiSdk: TableClient = {
  name: "AI SDK (@ai-sdk/openai)",
  async whole({ url, control }) {
    const provider = createOpenAI({ baseURL: `${url}/v1`, apiKey: "sk-none", headers: headerOf(control) });
    const abortSignal = AbortSignal.timeout(patienceMs);
    const { text } = await generateText({ model: provider.chat(model), prompt, maxRetries: 0, abortSignal });
    return text;
  },
  async streamed({ url, control }) {
    const provider = createOpenAI({ baseURL: `${url}/v1`, apiKey: "sk-none", headers: headerOf(control) });
    const abortSignal = AbortSignal.timeout(patienceMs);
    let failure: unknown;
    const onError = ({ error }: { error: unknown }): void => void (failure = error);
    const { textStream } = streamText({ model: provider.chat(model), prompt, maxRetries: 0, abortSignal, onError });
    let text = "";
    for await (const piece of textStream) text += piece;
    if (failure !== undefined) throw failure;
    abortSignal.throwIfAborted();
    return text;
  },
};

const langchain = ({ url, control }: { url: string; control: string }): ChatOpenAI =>
  new ChatOpenAI({
    model,
    apiKey: "sk-none",
    maxRetries: 0,
    timeout: patienceMs,
    configuration: { baseURL: `${url}/v1`, defaultHeaders: headerOf(control), logLevel: "off" },
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

/** Every client of the table, in the order of its columns. */
export const clients: readonly TableClient[] = [openaiJs, aiSdk, langchainJs];
