import { Ollama, type ChatRequest, type ChatResponse } from "ollama";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNode, type Node } from "../support/node.ts";

const model = "llama3.2";
const messages = [{ role: "user", content: "Say this is a test" }];
const weather = {
  type: "function",
  function: {
    name: "get_weather",
    description: "Tells the weather of a city",
    parameters: {
      type: "object",
      properties: { city: { type: "string" }, unit: { type: "string", enum: ["celsius", "fahrenheit"] } },
      required: ["city", "unit"],
    },
  },
};

describe("the ollama client", () => {
  let node: Node;
  beforeAll(async () => {
    node = await startNode({ control: { enabled: true } });
  });
  afterAll(() => node.stop());

  const client = (control = ""): Ollama => new Ollama({ host: node.url, headers: { "x-stuntdouble": control } });
  const ask = (control = "", more: Partial<ChatRequest> = {}) =>
    client(control).chat({ model, messages, ...more, stream: false });

  async function stream(control = "", more: Partial<ChatRequest> = {}) {
    const lines: ChatResponse[] = [];
    let failure: unknown;
    try {
      const response = await client(control).chat({ model, messages, ...more, stream: true });
      for await (const line of response) lines.push(line);
    } catch (error) {
      failure = error;
    }
    const texts = lines.map(({ message }) => message.content).filter((text) => text !== "");
    return { lines, texts, failure, last: lines.at(-1) };
  }

  describe("gets simulated answers", () => {
    test("a chat message with its counts and durations", async () => {
      const response = await ask("tokens=20");
      expect(response.message).toEqual({ role: "assistant", content: expect.stringMatching(/\w/) as string });
      expect(response).toMatchObject({ model, done: true, done_reason: "stop", eval_count: 20 });
      expect(response.prompt_eval_count).toBeGreaterThan(4);
      expect(Number.isNaN(Date.parse(String(response.created_at)))).toBe(false);
    });

    test("a stream token by token, with the counts in its last line", async () => {
      const { lines, texts, failure, last } = await stream("tokens=30, ttft=20, itl=2");
      expect(failure).toBeUndefined();
      expect(texts).toHaveLength(30);
      expect(lines.slice(0, -1).every(({ done }) => !done)).toBe(true);
      expect(last).toMatchObject({ done: true, done_reason: "stop", eval_count: 30 });
      expect(last!.total_duration).toBe(last!.load_duration + last!.prompt_eval_duration + last!.eval_duration);
      expect(last!.load_duration + last!.prompt_eval_duration).toBe(20_000_000);
    });

    test("the same text for the same seed, streamed or not", async () => {
      const { texts } = await stream("tokens=30", { options: { seed: 7 } });
      expect((await ask("tokens=30", { options: { seed: 7 } })).message.content).toBe(texts.join(""));
    });

    test("a text cut at the wanted length, or before a word", async () => {
      const short = await ask("tokens=50", { options: { num_predict: 8 } });
      expect(short).toMatchObject({ done_reason: "length", eval_count: 8 });
      const whole = (await ask("tokens=50, seed=3")).message.content;
      const word = whole.split(" ")[10]!;
      const { content } = (await ask("tokens=50, seed=3", { options: { stop: [word] } })).message;
      expect(content).toBe(whole.slice(0, whole.indexOf(word)));
    });

    test("thinking apart from the response", async () => {
      const { message, eval_count: count } = await ask("tokens=40", { think: true });
      expect(message.thinking).toMatch(/\w/);
      expect(message.content).toMatch(/\w/);
      expect(count).toBe(40);
      const { lines } = await stream("tokens=40", { think: "low" });
      expect(lines.filter(({ message: { thinking } }) => thinking)).toHaveLength(10);
    });

    test("a completion, whole and streamed", async () => {
      const whole = await client("tokens=12, seed=2").generate({ model, prompt: "Once", stream: false });
      expect(whole).toMatchObject({ done: true, done_reason: "stop", eval_count: 12 });
      expect(whole.context).toHaveLength(12);
      const texts: string[] = [];
      for await (const line of await client("tokens=12, seed=2").generate({ model, prompt: "Once", stream: true })) {
        texts.push(line.response ?? "");
      }
      expect(texts.join("")).toBe(whole.response);
    });

    test("the loading of a model when nothing is asked", async () => {
      expect(await client().generate({ model, prompt: "" })).toMatchObject({ done: true, done_reason: "load" });
      expect(await client().chat({ model, messages: [], keep_alive: 0 })).toMatchObject({ done_reason: "unload" });
    });

    test("embeddings, new and old", async () => {
      const { embeddings } = await client().embed({ model: "nomic-embed-text", input: ["a", "b"] });
      expect(embeddings.map(({ length }) => length)).toEqual([768, 768]);
      const { embeddings: short } = await client().embed({ model: "nomic-embed-text", input: "a", dimensions: 64 });
      expect(short[0]).toHaveLength(64);
      const { embedding } = await client().embeddings({ model: "nomic-embed-text", prompt: "a" });
      expect(embedding).toEqual(embeddings[0]);
    });

    test("the models, those in memory, one of them, and the version", async () => {
      const { models } = await client().list();
      expect(models.map(({ name }) => name)).toContain("llama3.2:latest");
      expect(models[0]).toMatchObject({ digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
      expect((await client().ps()).models).toHaveLength(1);
      const shown = await client().show({ model: "qwen3:8b" });
      expect(shown.details).toMatchObject({ family: "qwen3", parameter_size: "8.2B" });
      expect(shown.capabilities).toContain("tools");
      expect((await client().version()).version).toMatch(/^\d+\.\d+\.\d+$/);
    });
  });

  describe("gets calls of tools and JSON", () => {
    test("a call whose arguments fit the declaration, in one message", async () => {
      const { message, eval_count: count } = await ask("", { tools: [weather] });
      expect(message.content).toBe("");
      expect(message.tool_calls?.map((call) => call.function)).toEqual([
        {
          index: 0,
          name: "get_weather",
          arguments: {
            city: expect.any(String) as string,
            unit: expect.stringMatching(/^(celsius|fahrenheit)$/) as string,
          },
        },
      ]);
      expect(count).toBeGreaterThan(1);
    });

    test("the same call in a stream", async () => {
      const { lines, last } = await stream("seed=3", { tools: [weather] });
      const calls = lines.flatMap(({ message }) => message.tool_calls ?? []);
      const whole = (await ask("seed=3", { tools: [weather] })).message.tool_calls;
      expect(calls.map((call) => call.function)).toEqual(whole?.map((call) => call.function));
      expect(last?.message).toEqual({ role: "assistant", content: "" });
    });

    test("words after the result of a tool", async () => {
      const told = [...messages, { role: "tool", content: "sunny", tool_name: "get_weather" }];
      const { message } = await ask("", { messages: told, tools: [weather] });
      expect(message.tool_calls).toBeUndefined();
      expect(message.content).toMatch(/\w/);
    });

    test("JSON, free or of a schema", async () => {
      expect(JSON.parse((await ask("", { format: "json" })).message.content)).toBeTypeOf("object");
      const format = { type: "object", properties: { age: { type: "integer", minimum: 3 } }, required: ["age"] };
      const whole = (await ask("seed=4", { format })).message.content;
      expect(JSON.parse(whole)).toEqual({ age: expect.any(Number) as number });
      expect((await stream("seed=4", { format })).texts.join("")).toBe(whole);
    });
  });

  describe("meets each fault as it meets the real one", () => {
    test.each([400, 404, 500, 503])("status %i", async (status) => {
      await expect(ask(`fault=status;status=${status}`)).rejects.toMatchObject({
        name: "ResponseError",
        status_code: status,
        error: expect.stringMatching(/\w/) as string,
      });
    });

    test("an option of the wrong type", async () => {
      const options = { num_predict: "many" as unknown as number };
      await expect(ask("", { options })).rejects.toThrow('option "num_predict" must be of type integer');
    });

    test.each(["cut", "reset"])("%s after 12 tokens of a stream", async (kind) => {
      const { texts, failure } = await stream(`itl=2, fault=${kind};after=12`);
      expect(texts).toHaveLength(12);
      expect(String(failure)).toMatch(/terminated/);
    });

    test("a clean end without the last line, which it notices", async () => {
      const { texts, failure } = await stream("tokens=9, fault=clean-end");
      expect(texts).toHaveLength(9);
      expect(String(failure)).toMatch(/Did not receive done/);
    });

    test("a malformed line, which it passes over", async () => {
      const { texts, failure } = await stream("tokens=9, fault=malformed;after=5");
      expect(texts).toHaveLength(8);
      expect(failure).toBeUndefined();
    });
  });

  test("ends the call when it aborts a stream", async () => {
    const own = client("tokens=500, itl=20");
    const response = await own.chat({ model, messages, stream: true });
    const read = async (): Promise<void> => {
      for await (const line of response) if (line.message.content !== "") own.abort();
    };
    await expect(read()).rejects.toMatchObject({ name: "AbortError" });
    await node.idle();
    const [latest] = await node.outcomes();
    expect(latest).toMatchObject({ dialect: "ollama", ending: "client-gone" });
  });
});
