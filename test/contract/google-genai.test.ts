import { ApiError, FunctionCallingConfigMode, GoogleGenAI, Type, type GenerateContentConfig } from "@google/genai";
import { Ajv } from "ajv";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNode, type Node } from "../support/node.ts";

const model = "gemini-2.5-flash";
const weather = {
  name: "get_weather",
  description: "Tells the weather of a city",
  parameters: {
    type: Type.OBJECT,
    properties: {
      city: { type: Type.STRING },
      unit: { type: Type.STRING, enum: ["celsius", "fahrenheit"] },
    },
    required: ["city", "unit"],
  },
};

describe("the @google/genai client", () => {
  let node: Node;
  let ai: GoogleGenAI;
  beforeAll(async () => {
    node = await startNode({ control: { enabled: true } });
    ai = new GoogleGenAI({ apiKey: "AIza-of-nobody", httpOptions: { baseUrl: node.url } });
  });
  afterAll(() => node.stop());

  const asking = (control: string) => ({ httpOptions: { headers: { "x-stuntdouble": control } } });
  const ask = (control: string, config: GenerateContentConfig = {}) =>
    ai.models.generateContent({ model, contents: "Say this is a test", config: { ...config, ...asking(control) } });

  async function stream(control: string, config: GenerateContentConfig = {}) {
    const chunks = [];
    let failure: unknown;
    try {
      const response = await ai.models.generateContentStream({
        model,
        contents: "Say this is a test",
        config: { ...config, ...asking(control) },
      });
      for await (const chunk of response) chunks.push(chunk);
    } catch (error) {
      failure = error;
    }
    const texts = chunks.map(({ text }) => text ?? "");
    return { chunks, texts, failure, finish: chunks.at(-1)?.candidates?.[0]?.finishReason };
  }

  describe("gets simulated answers", () => {
    test("a text with its usage", async () => {
      const response = await ask("tokens=20");
      expect(response.text).toMatch(/\w/);
      expect(response.modelVersion).toBe(model);
      expect(response.responseId).toMatch(/^\w{22}$/);
      expect(response.candidates?.[0]).toMatchObject({ finishReason: "STOP", index: 0, content: { role: "model" } });
      const { promptTokenCount = 0, ...usage } = response.usageMetadata ?? {};
      expect(promptTokenCount).toBeGreaterThan(3);
      expect(usage).toEqual({
        candidatesTokenCount: 20,
        totalTokenCount: promptTokenCount + 20,
        promptTokensDetails: [{ modality: "TEXT", tokenCount: promptTokenCount }],
      });
    });

    test("a text cut at the wanted length", async () => {
      const response = await ask("tokens=50", { maxOutputTokens: 8 });
      expect(response.candidates?.[0]?.finishReason).toBe("MAX_TOKENS");
      expect(response.usageMetadata?.candidatesTokenCount).toBe(8);
    });

    test("several candidates", async () => {
      const response = await ask("tokens=5", { candidateCount: 3 });
      expect(response.candidates?.map(({ index }) => index)).toEqual([0, 1, 2]);
      expect(response.usageMetadata?.candidatesTokenCount).toBe(15);
    });

    test("a stream token by token, whose usage grows", async () => {
      const { chunks, texts, failure, finish } = await stream("tokens=30");
      expect(failure).toBeUndefined();
      expect(texts.filter((text) => text !== "")).toHaveLength(30);
      expect(finish).toBe("STOP");
      const counts = chunks.map(({ usageMetadata }) => usageMetadata?.candidatesTokenCount);
      expect(counts).toEqual([...Array.from({ length: 30 }, (_, index) => index + 1), 30]);
    });

    test("the same text for the same seed, streamed or not", async () => {
      const { texts } = await stream("tokens=30", { seed: 7 });
      expect((await ask("tokens=30", { seed: 7 })).text).toBe(texts.join(""));
    });

    test("thoughts apart from the response, or only counted", async () => {
      const shown = await ask("tokens=40", { thinkingConfig: { includeThoughts: true } });
      const parts = shown.candidates?.[0]?.content?.parts ?? [];
      expect(parts.map(({ thought }) => thought)).toEqual([true, undefined]);
      expect(shown.text).toBe(parts[1]?.text);
      const { thoughtsTokenCount = 0, candidatesTokenCount = 0 } = shown.usageMetadata ?? {};
      expect(thoughtsTokenCount).toBeGreaterThan(0);
      expect(thoughtsTokenCount + candidatesTokenCount).toBe(40);

      const { chunks } = await stream("tokens=40", { thinkingConfig: { thinkingBudget: 5 } });
      expect(chunks.flatMap((chunk) => chunk.candidates?.[0]?.content?.parts ?? []).some((part) => part.thought)).toBe(
        false,
      );
      expect(chunks.at(-1)?.usageMetadata).toMatchObject({ thoughtsTokenCount: 5, candidatesTokenCount: 35 });
    });

    test("a whole conversation, in which each turn is kept", async () => {
      const chat = ai.chats.create({ model });
      await chat.sendMessage({ message: "Hello" });
      for await (const chunk of await chat.sendMessageStream({ message: "And now?" }))
        expect(chunk.responseId).toBeDefined();
      expect(chat.getHistory(true).map(({ role }) => role)).toContain("model");
      expect(chat.getHistory(true).length).toBeGreaterThanOrEqual(4);
    });
  });

  describe("gets calls of functions and JSON", () => {
    const tools = [{ functionDeclarations: [weather] }];

    test("a call whose arguments fit the declaration", async () => {
      const response = await ask("", { tools });
      expect(response.functionCalls).toHaveLength(1);
      const [call] = response.functionCalls!;
      expect(call?.name).toBe("get_weather");
      expect(call?.args).toEqual({
        city: expect.any(String) as string,
        unit: expect.stringMatching(/^(celsius|fahrenheit)$/) as string,
      });
    });

    test("the same call in a stream, in one piece", async () => {
      const { chunks } = await stream("seed=3", { tools });
      const calls = chunks.flatMap(({ functionCalls = [] }) => functionCalls);
      expect(calls).toEqual((await ask("seed=3", { tools })).functionCalls);
      expect(chunks.at(-1)?.usageMetadata?.candidatesTokenCount).toBeGreaterThan(1);
    });

    test("only a function that is allowed", async () => {
      const other = { ...weather, name: "other" };
      const functionCallingConfig = { mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: ["other"] };
      const config = { tools: [{ functionDeclarations: [weather, other] }], toolConfig: { functionCallingConfig } };
      for (const seed of [1, 2, 3]) {
        const names = (await ask(`seed=${seed}`, config)).functionCalls?.map(({ name }) => name);
        expect(names).toEqual(["other"]);
      }
    });

    test("words when functions are not to be called, and after the result of one", async () => {
      const functionCallingConfig = { mode: FunctionCallingConfigMode.NONE };
      expect((await ask("", { tools, toolConfig: { functionCallingConfig } })).text).toMatch(/\w/);
      const contents = [
        { role: "user", parts: [{ text: "How is the weather?" }] },
        { role: "model", parts: [{ functionCall: { name: "get_weather", args: { city: "Rome" } } }] },
        { role: "user", parts: [{ functionResponse: { name: "get_weather", response: { output: "sunny" } } }] },
      ];
      const response = await ai.models.generateContent({ model, contents, config: { tools } });
      expect(response.functionCalls).toBeUndefined();
      expect(response.text).toMatch(/\w/);
    });

    test("JSON of a schema of the API's own, streamed or not", async () => {
      const responseSchema = {
        type: Type.ARRAY,
        minItems: "2",
        items: {
          type: Type.OBJECT,
          properties: { name: { type: Type.STRING }, stars: { type: Type.INTEGER, minimum: 1, maximum: 5 } },
          required: ["name", "stars"],
          propertyOrdering: ["stars", "name"],
        },
      };
      const config = { responseMimeType: "application/json", responseSchema };
      const whole = (await ask("seed=5", config)).text;
      const valid = new Ajv().compile({
        type: "array",
        items: {
          type: "object",
          properties: { name: { type: "string" }, stars: { type: "integer", minimum: 1, maximum: 5 } },
          required: ["name", "stars"],
        },
      });
      const value: unknown = JSON.parse(whole!);
      expect(valid(value)).toBe(true);
      expect(Object.keys((value as object[])[0]!)).toEqual(["stars", "name"]);
      expect((await stream("seed=5", config)).texts.join("")).toBe(whole);
    });

    test("JSON of a JSON Schema", async () => {
      const responseJsonSchema = { type: "object", properties: { yes: { type: "boolean" } }, required: ["yes"] };
      const response = await ask("", { responseMimeType: "application/json", responseJsonSchema });
      expect(JSON.parse(response.text!)).toEqual({ yes: expect.any(Boolean) as boolean });
    });

    test("one word of an enum", async () => {
      const responseSchema = { type: Type.STRING, enum: ["low", "high"] };
      const response = await ask("", { responseMimeType: "text/x.enum", responseSchema });
      expect(["low", "high"]).toContain(response.text);
    });
  });

  describe("uses the other methods", () => {
    test("counts tokens, images included", async () => {
      const text = await ai.models.countTokens({ model, contents: "one two three" });
      const inlineData = { mimeType: "image/png", data: "aGVsbG8=" };
      const both = await ai.models.countTokens({
        model,
        contents: [{ parts: [{ text: "one two three" }, { inlineData }] }],
      });
      expect(text.totalTokens).toBe(4);
      expect(both.totalTokens).toBe(4 + 258);
    });

    test("embeds one text, and several", async () => {
      const one = await ai.models.embedContent({ model: "gemini-embedding-001", contents: "a" });
      expect(one.embeddings?.map(({ values }) => values?.length)).toEqual([3072]);
      const several = await ai.models.embedContent({
        model: "gemini-embedding-001",
        contents: ["a", "b"],
        config: { outputDimensionality: 64 },
      });
      expect(several.embeddings?.map(({ values }) => values?.length)).toEqual([64, 64]);
      expect(several.embeddings?.[0]?.values).not.toEqual(several.embeddings?.[1]?.values);
    });

    test("lists models page by page, and describes one", async () => {
      const names: (string | undefined)[] = [];
      for await (const each of await ai.models.list({ config: { pageSize: 3 } })) names.push(each.name);
      expect(names).toContain("models/gemini-2.5-pro");
      expect(new Set(names).size).toBe(names.length);
      const described = await ai.models.get({ model });
      expect(described).toMatchObject({
        name: `models/${model}`,
        supportedActions: ["generateContent", "countTokens"],
      });
    });
  });

  describe("meets each fault as it meets the real one", () => {
    test.each([400, 401, 403, 404, 429, 500, 503, 504])("status %i", async (status) => {
      const failure: unknown = await ask(`fault=status;status=${status}`).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(ApiError);
      expect(failure).toMatchObject({ status });
      const { error } = JSON.parse((failure as ApiError).message) as { error: { code: number; status: string } };
      expect(error.code).toBe(status);
      expect(error.status).toMatch(/^[A-Z_]+$/);
    });

    test("a request that the API refuses", async () => {
      const failure: unknown = await ask("", { temperature: 9 }).catch((error: unknown) => error);
      expect(failure).toMatchObject({ status: 400 });
      expect(String(failure)).toContain("generation_config.temperature");
    });

    test.each(["cut", "reset"])("%s after 12 tokens of a stream", async (kind) => {
      const { texts, failure, finish } = await stream(`itl=2, fault=${kind};after=12`);
      expect(texts).toHaveLength(12);
      expect(finish).toBeUndefined();
      expect(String(failure)).toMatch(/terminated/);
    });

    test("a malformed event", async () => {
      const { texts, failure } = await stream("fault=malformed;after=5");
      expect(texts).toHaveLength(5);
      expect(failure).toBeInstanceOf(Error);
    });

    test("a clean end without the final marker, which it does not notice", async () => {
      const { texts, failure, finish } = await stream("tokens=9, fault=clean-end");
      expect(failure).toBeUndefined();
      expect(texts).toHaveLength(9);
      expect(finish).toBeUndefined();
    });
  });
});

test("the @google/genai client gets JSON of a schema that only its prompt asks for", async () => {
  const node = await startNode();
  const ai = new GoogleGenAI({ apiKey: "AIza-of-nobody", httpOptions: { baseUrl: node.url } });
  const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
  const contents = `Respond with a JSON object of this schema: ${JSON.stringify(schema)}`;
  const { text = "" } = await ai.models.generateContent({ model, contents });
  expect(JSON.parse(text)).toEqual({ city: expect.any(String) as string });
  await node.stop();
});
