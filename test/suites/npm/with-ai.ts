/** The AI SDK: text, streams, tools, objects and vectors, by the packages of OpenAI and Anthropic. */
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { embedMany, generateText, isStepCount, Output, streamText, tool, type LanguageModel } from "ai";
import { z } from "zod";
import { check, prompt, some, throws, url } from "./checks.ts";

const openai = createOpenAI({ baseURL: `${url}/v1`, apiKey: "sk-none" });
const anthropic = createAnthropic({ baseURL: `${url}/v1`, apiKey: "sk-none" });
const models: Readonly<Record<string, (end?: string) => LanguageModel>> = {
  "OpenAI chat": (end = "") => openai.chat(`gpt-4o${end}`),
  "OpenAI responses": (end = "") => openai(`gpt-4o${end}`),
  Anthropic: (end = "") => anthropic(`claude-sonnet-4-5${end}`),
};
const weather = z.object({ city: z.string() });
const tools = {
  weather: tool({ description: "The weather in a city", inputSchema: weather, execute: async () => "sunny" }),
};

async function streamed(model: LanguageModel): Promise<string> {
  let failure: unknown;
  const onError = ({ error }: { error: unknown }): void => void (failure = error);
  let text = "";
  for await (const piece of streamText({ model, prompt, maxRetries: 0, onError }).textStream) text += piece;
  if (failure !== undefined) throw failure;
  return text;
}

for (const [name, model] of Object.entries(models)) {
  await check(`${name}: text`, async () => some((await generateText({ model: model(), prompt })).text));
  await check(`${name}: streamed`, async () => some(await streamed(model())));
  await check(`${name}: agent with a tool`, async () => {
    const { text } = await generateText({ model: model(), prompt, tools, stopWhen: isStepCount(3) });
    some(text);
  });
  await check(`${name}: object`, async () => {
    const { output } = await generateText({ model: model(), prompt, output: Output.object({ schema: weather }) });
    some(output.city);
  });
  for (const status of [401, 429, 503]) {
    await check(`${name}: error ${status}`, () =>
      throws(() => generateText({ model: model(`-${status}`), prompt, maxRetries: 0 }), status),
    );
  }
  await check(`${name}: stream cut off`, () => throws(() => streamed(model("-cut"))));
}

await check("embeddings", async () => {
  const { embeddings } = await embedMany({ model: openai.embedding("text-embedding-3-small"), values: ["a", "b"] });
  if (embeddings.length !== 2) throw new Error(`${embeddings.length} vectors`);
});
