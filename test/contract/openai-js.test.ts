import OpenAI, {
  APIConnectionError,
  APIConnectionTimeoutError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
} from "openai";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startNode, type Node } from "../support/node.ts";
import {
  chatResponse,
  chatEvents,
  hang,
  json,
  sse,
  startUpstream,
  stepped,
  type ScriptedUpstream,
} from "../support/upstream.ts";

const messages = [{ role: "user" as const, content: "Say this is a test" }];

/** Reads a stream to its end, or to what breaks it. */
async function readChat(client: OpenAI, control: string, model = "gpt-4o") {
  const stream = await client.chat.completions.create(
    { model, messages, stream: true, stream_options: { include_usage: true } },
    { headers: { "x-stuntdouble": control } },
  );
  const tokens: string[] = [];
  const usages: number[] = [];
  let finish: string | null = null;
  let failure: unknown;
  try {
    for await (const chunk of stream) {
      const [choice] = chunk.choices;
      if (choice?.delta.content) tokens.push(choice.delta.content);
      finish = choice?.finish_reason ?? finish;
      if (chunk.usage) usages.push(chunk.usage.completion_tokens);
    }
  } catch (error) {
    failure = error;
  }
  return { tokens, usages, finish, failure };
}

describe("the openai client for JavaScript", () => {
  let node: Node;
  let client: OpenAI;
  beforeAll(async () => {
    node = await startNode({ control: { enabled: true } });
    client = new OpenAI({ baseURL: `${node.url}/v1`, apiKey: "sk-none", maxRetries: 0, logLevel: "off" });
  });
  afterAll(() => node.stop());

  const ask = (control: string, options: { timeout?: number } = {}) =>
    client.chat.completions.create(
      { model: "gpt-4o", messages },
      { headers: { "x-stuntdouble": control }, ...options },
    );

  describe("gets simulated answers", () => {
    test.each(["gpt-4o", "claude-opus-4.6", "no-such-model", "org/model:tag@1"])(
      "a chat completion for the model %s",
      async (model) => {
        const response = await client.chat.completions.create({ model, messages, max_tokens: 20 });
        expect(response.model).toBe(model);
        expect(response.choices[0]?.message.content).not.toBe("");
        expect(response.choices[0]?.finish_reason).toBe("length");
        expect(response.usage).toMatchObject({
          completion_tokens: 20,
          total_tokens: 20 + response.usage!.prompt_tokens,
        });
      },
    );

    test("a stream token by token, with a chunk of usage at its end", async () => {
      const { tokens, usages, finish, failure } = await readChat(client, "tokens=40");
      expect(failure).toBeUndefined();
      expect(tokens).toHaveLength(40);
      expect(usages).toEqual([40]);
      expect(finish).toBe("stop");
    });

    test("the same text for the same seed, streamed or not", async () => {
      const { tokens } = await readChat(client, "tokens=30, seed=7");
      const whole = await ask("tokens=30, seed=7");
      expect(whole.choices[0]?.message.content).toBe(tokens.join(""));
    });

    test("a text completion, whole and streamed", async () => {
      const whole = await client.completions.create({
        model: "gpt-3.5-turbo-instruct",
        prompt: "Once",
        max_tokens: 12,
      });
      expect(whole.usage?.completion_tokens).toBe(12);
      const stream = await client.completions.create({
        model: "gpt-3.5-turbo-instruct",
        prompt: "Once",
        max_tokens: 12,
        stream: true,
      });
      const texts: string[] = [];
      for await (const chunk of stream) if (chunk.choices[0]?.text) texts.push(chunk.choices[0].text);
      expect(texts).toHaveLength(12);
    });

    test("embeddings of the wanted size", async () => {
      const { data } = await client.embeddings.create({
        model: "text-embedding-3-small",
        input: ["one", "two"],
        dimensions: 64,
      });
      expect(data.map(({ embedding }) => embedding.length)).toEqual([64, 64]);
      expect(data[0]?.embedding).not.toEqual(data[1]?.embedding);
    });

    test("the list of models", async () => {
      const ids: string[] = [];
      for await (const model of client.models.list()) ids.push(model.id);
      expect(ids).toContain("gpt-4o");
    });
  });

  describe("meets each fault as it meets the real one", () => {
    test.each([
      [429, RateLimitError],
      [500, InternalServerError],
      [502, InternalServerError],
      [503, InternalServerError],
      [504, InternalServerError],
      [529, InternalServerError],
    ])("status %i", async (status, kind) => {
      const failure: unknown = await ask(`fault=status;status=${status}`).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(kind);
      expect(failure).toMatchObject({
        status,
        type: expect.any(String) as string,
        requestID: expect.any(String) as string,
      });
    });

    test("delay beyond its patience", async () => {
      await expect(ask("fault=delay;ms=5000", { timeout: 100 })).rejects.toBeInstanceOf(APIConnectionTimeoutError);
    });

    test("hang", async () => {
      await expect(ask("fault=hang", { timeout: 100 })).rejects.toBeInstanceOf(APIConnectionTimeoutError);
    });

    test.each(["cut", "reset"])("%s before the head", async (kind) => {
      await expect(ask(`fault=${kind}`)).rejects.toBeInstanceOf(APIConnectionError);
    });

    test.each(["cut", "reset"])("%s in the middle of a JSON response", async (kind) => {
      await expect(ask(`fault=${kind};after-bytes=20`)).rejects.toThrow(/terminated/);
    });

    test.each(["cut", "reset"])("%s after 12 tokens of a stream", async (kind) => {
      const { tokens, finish, failure } = await readChat(client, `itl=2, fault=${kind};after=12`);
      expect(tokens).toHaveLength(12);
      expect(finish).toBeNull();
      expect(failure).toBeInstanceOf(TypeError);
      expect(String(failure)).toMatch(/terminated/);
    });

    test("drip, which breaks nothing", async () => {
      const { tokens, finish, failure } = await readChat(client, "tokens=8, fault=drip;slice-bytes=7");
      expect(failure).toBeUndefined();
      expect(tokens).toHaveLength(8);
      expect(finish).toBe("stop");
    });

    test("a malformed event", async () => {
      const { tokens, failure } = await readChat(client, "fault=malformed;after=5");
      expect(tokens).toHaveLength(5);
      expect(failure).toBeInstanceOf(SyntaxError);
    });

    test("a clean end without the final marker, which it does not notice", async () => {
      const { tokens, finish, failure } = await readChat(client, "fault=clean-end;after=9");
      expect(failure).toBeUndefined();
      expect(tokens).toHaveLength(9);
      expect(finish).toBeNull();
    });
  });
});

describe("the openai client for JavaScript, with an upstream", () => {
  let upstream: ScriptedUpstream;
  let node: Node;
  let client: OpenAI;
  let direct: OpenAI;
  beforeAll(async () => {
    upstream = await startUpstream(hang);
    node = await startNode({ upstreams: { openai: { url: upstream.url } }, default: { serve: "forward" } });
    const options = { apiKey: "sk-of-the-caller", maxRetries: 0, logLevel: "off" as const };
    client = new OpenAI({ baseURL: `${node.url}/v1`, ...options });
    direct = new OpenAI({ baseURL: `${upstream.url}/v1`, ...options });
  });
  afterEach(() => upstream.script(hang));
  afterAll(async () => {
    await node.stop();
    await upstream.stop();
  });

  test("sends the same bytes and reads the same bytes as without the sidecar", async () => {
    upstream.script(json(` ${JSON.stringify(chatResponse("naïve ☃ 1.0"))}\n`));
    const asked = { model: "gpt-4o", messages, temperature: 1, metadata: { note: "☃" } };
    const [straight, forwarded] = [
      await direct.chat.completions.create(asked).asResponse(),
      await client.chat.completions.create(asked).asResponse(),
    ];
    expect(await forwarded.text()).toBe(await straight.text());
    const [first, second] = upstream.received.slice(-2);
    expect(second?.body().equals(first!.body())).toBe(true);
    const own = new Set(["host", "connection", "x-request-id", "via", "forwarded", "x-forwarded-for"]);
    const headersOf = ({ headers }: { headers: object }) => Object.entries(headers).filter(([name]) => !own.has(name));
    expect(Object.fromEntries(headersOf(second!))).toEqual(Object.fromEntries(headersOf(first!)));
  });

  test("gets a stream event by event, each before the next one exists", async () => {
    const stream = stepped();
    upstream.script(stream.script);
    const events = chatEvents(["one", "two", "three"]);
    const chunks = (await client.chat.completions.create({ model: "gpt-4o", messages, stream: true }))[
      Symbol.asyncIterator
    ]();
    for (const event of events.slice(0, -1)) {
      await stream.send(event);
      const { value } = await chunks.next();
      expect(`data: ${JSON.stringify(value)}\n\n`).toBe(event);
    }
    await stream.send(events.at(-1)!);
    await stream.end();
    expect((await chunks.next()).done).toBe(true);
  });

  test("raises what the provider's own error raises", async () => {
    const error = { message: "No such model", type: "invalid_request_error", param: null, code: "model_not_found" };
    upstream.script(json({ error }, { status: 404 }));
    const failure: unknown = await client.chat.completions
      .create({ model: "x", messages })
      .catch((caught: unknown) => caught);
    expect(failure).toBeInstanceOf(NotFoundError);
    expect(failure).toMatchObject({ status: 404, code: "model_not_found" });
  });

  test("raises when the provider breaks off in the middle of a stream", async () => {
    upstream.script(sse(chatEvents(["one", "two"]).slice(0, 3), { ending: "reset", gapMs: 20 }));
    const { tokens, failure } = await readChat(client, "");
    expect(tokens).toEqual(["one", "two"]);
    expect(String(failure)).toMatch(/terminated/);
  });
});
