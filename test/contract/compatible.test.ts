import OpenAI, { APIError, NotFoundError, RateLimitError } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNode, type Node } from "../support/node.ts";
import { startUpstream } from "../support/upstream.ts";

const messages = [{ role: "user" as const, content: "Say this is a test" }];

let node: Node;
beforeAll(async () => {
  node = await startNode({ control: { enabled: true } });
});
afterAll(() => node.stop());

describe.each([
  { name: "openrouter", base: "/api/v1", model: "openai/gpt-4o", usageUnasked: true },
  { name: "vllm", base: "/vllm/v1", model: "qwen3", usageUnasked: false },
])("the OpenAI client with the base URL of $name", ({ base, model, usageUnasked }) => {
  let client: OpenAI;
  beforeAll(() => {
    client = new OpenAI({ baseURL: node.url + base, apiKey: "key-of-nobody", maxRetries: 0, logLevel: "off" });
  });

  const ask = (control: string) =>
    client.chat.completions.create({ model, messages }, { headers: { "x-stuntdouble": control } });

  async function stream(control: string) {
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    let failure: unknown;
    try {
      const request = { model, messages, stream: true as const };
      const response = await client.chat.completions.create(request, { headers: { "x-stuntdouble": control } });
      for await (const chunk of response) chunks.push(chunk);
    } catch (error) {
      failure = error;
    }
    const tokens = chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta.content ?? "")).filter(Boolean);
    return { chunks, tokens, failure };
  }

  test("gets a chat completion", async () => {
    const response = await ask("tokens=20");
    expect(response).toMatchObject({ object: "chat.completion", model, usage: { completion_tokens: 20 } });
    expect(response.choices[0]?.message.content).toMatch(/\w/);
  });

  test("gets a stream of the same text, with or without its usage", async () => {
    const { chunks, tokens, failure } = await stream("tokens=20, seed=7");
    expect(failure).toBeUndefined();
    expect(tokens.join("")).toBe((await ask("tokens=20, seed=7")).choices[0]?.message.content);
    expect(chunks.at(-1)?.usage?.completion_tokens).toBe(usageUnasked ? 20 : undefined);
  });

  test("gets text completions, embeddings and the models", async () => {
    const completion = await client.completions.create({ model, prompt: "Once", max_tokens: 12 });
    expect(completion.usage?.completion_tokens).toBe(12);
    const { data } = await client.embeddings.create({ model, input: ["a", "b"], dimensions: 64 });
    expect(data.map(({ embedding }) => embedding.length)).toEqual([64, 64]);
    expect((await client.models.list()).data.length).toBeGreaterThan(0);
  });

  test.each([
    [404, NotFoundError],
    [429, RateLimitError],
  ])("raises what the status %i raises, with the status as its code", async (status, kind) => {
    const failure: unknown = await ask(`fault=status;status=${status}`).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(kind);
    expect(failure).toMatchObject({ status, code: status, error: { message: expect.any(String) as string } });
  });

  test("raises an error that comes in the middle of a stream", async () => {
    const { tokens, failure } = await stream("tokens=20, fault=error-event;after=5");
    expect(tokens).toHaveLength(5);
    expect(failure).toBeInstanceOf(APIError);
  });

  test("is told of a path that is not simulated in the API's shape", async () => {
    const failure: unknown = await client.files.list().catch((error: unknown) => error);
    expect(failure).toMatchObject({ status: 404, code: 404 });
  });
});

test("vLLM's tokenize has its own path and the one without a prefix", async () => {
  const tokenize = async (path: string): Promise<unknown> => {
    const response = await fetch(node.url + path, {
      method: "POST",
      body: JSON.stringify({ model: "m", prompt: "Hi" }),
    });
    return response.json();
  };
  expect(await tokenize("/vllm/tokenize")).toMatchObject({ count: 1, tokens: [expect.any(Number) as number] });
  expect(await tokenize("/vllm/tokenize")).toEqual(await tokenize("/tokenize"));
});

test.each([
  "",
  "/deepseek",
  "/groq/openai/v1",
  "/mistral/v1",
  "/deepseek/v1",
  "/xai/v1",
  "/together/v1",
  "/lmstudio/v1",
])("the OpenAI client talks with %s", async (base) => {
  const client = new OpenAI({ baseURL: node.url + base, apiKey: "k", maxRetries: 0, logLevel: "off" });
  const request = { model: "m", messages, max_tokens: 5 };
  expect((await client.chat.completions.create(request)).usage?.completion_tokens).toBe(5);
  const said: string[] = [];
  for await (const { choices } of await client.chat.completions.create({ ...request, stream: true })) {
    said.push(choices[0]?.delta.content ?? "");
  }
  expect(said.filter(Boolean)).toHaveLength(5);
  const failure: unknown = await client.chat.completions.create({ ...request, n: 0 }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ status: 400 });
});

test("OpenAI's paths are vLLM's on a node with an upstream of vLLM's", async () => {
  const upstreams = { real: { url: "http://127.0.0.1:9", dialect: "vllm" } };
  const own = await startNode({ upstreams, default: { serve: "simulate" } });
  try {
    const client = new OpenAI({ baseURL: `${own.url}/v1`, apiKey: "k", maxRetries: 0, logLevel: "off" });
    const request = { model: "qwen3", messages };
    expect(await client.chat.completions.create(request)).toMatchObject({ kv_transfer_params: null });
    const failure: unknown = await client.chat.completions
      .create({ ...request, n: 0 })
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ status: 400, type: "BadRequestError", code: 400 });
  } finally {
    await own.stop();
  }
});

test.each([
  ["openrouter", "/api/v1"],
  ["vllm", "/vllm/v1"],
])(
  "a request below its path goes on as it is to an upstream of the dialect %s, with its key",
  async (dialect, base) => {
    const chunk = {
      object: "chat.completion.chunk",
      choices: [{ index: 0, delta: { content: "Hi" }, finish_reason: "stop" }],
    };
    const upstream = await startUpstream((response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(`: PROCESSING\n\ndata: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`);
    });
    const forwarding = await startNode(
      { upstreams: { real: { url: upstream.url, dialect, apiKeyEnv: "REAL_KEY" } }, default: { serve: "forward" } },
      { env: { REAL_KEY: "sk-real" } },
    );
    try {
      const client = new OpenAI({ baseURL: forwarding.url + base, apiKey: "own", maxRetries: 0 });
      const said: unknown[] = [];
      for await (const { choices } of await client.chat.completions.create({ model: "m", messages, stream: true })) {
        said.push(choices[0]?.delta.content);
      }
      expect(said).toEqual(["Hi"]);
      const [received] = upstream.received;
      expect(received?.target).toBe(`${base}/chat/completions`);
      expect(received?.headers["authorization"]).toBe("Bearer sk-real");
      expect(await forwarding.outcomes(1)).toMatchObject([{ dialect, ending: "finish" }]);
    } finally {
      await forwarding.stop();
      await upstream.stop();
    }
  },
);
