import OpenAI, { AzureOpenAI, AuthenticationError, BadRequestError, NotFoundError, RateLimitError } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNode, type Node } from "../support/node.ts";

const messages = [{ role: "user" as const, content: "Say this is a test" }];
const quiet = { apiKey: "key-of-nobody", maxRetries: 0, logLevel: "off" as const };
const safe = { filtered: false, severity: "safe" };
const harmless = { hate: safe, self_harm: safe, sexual: safe, violence: safe };
const jailbreak = { filtered: false, detected: false };

/** What Azure adds to the answers of the OpenAI API. */
type Filtered = { prompt_filter_results?: unknown; choices: { content_filter_results?: unknown }[] };

describe("the AzureOpenAI client", () => {
  let node: Node;
  let client: AzureOpenAI;
  beforeAll(async () => {
    node = await startNode({ control: { enabled: true } });
    client = new AzureOpenAI({ baseURL: `${node.url}/openai`, apiVersion: "2024-10-21", deployment: "mine", ...quiet });
  });
  afterAll(() => node.stop());

  const ask = (control = "") =>
    client.chat.completions.create({ model: "gpt-4o", messages }, { headers: { "x-stuntdouble": control } });

  async function stream(control = "") {
    const chunks = [];
    let failure: unknown;
    try {
      const response = await client.chat.completions.create(
        { model: "gpt-4o", messages, stream: true, stream_options: { include_usage: true } },
        { headers: { "x-stuntdouble": control } },
      );
      for await (const chunk of response) chunks.push(chunk);
    } catch (error) {
      failure = error;
    }
    const tokens = chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta.content ?? "")).filter(Boolean);
    return { chunks, tokens, failure };
  }

  test("gets a chat completion with the results of the content filter", async () => {
    const response = await ask("tokens=20");
    expect(response.choices[0]?.message.content).toMatch(/\w/);
    expect(response.usage?.completion_tokens).toBe(20);
    const filtered = response as unknown as Filtered;
    expect(filtered.prompt_filter_results).toEqual([
      { prompt_index: 0, content_filter_results: { ...harmless, jailbreak } },
    ]);
    expect(filtered.choices.map((choice) => choice.content_filter_results)).toEqual([harmless]);
  });

  test("gets the results in each of several choices", async () => {
    const response = await client.chat.completions.create({ model: "gpt-4o", messages, n: 3, max_tokens: 5 });
    const filtered = response as unknown as Filtered;
    expect(filtered.choices.map((choice) => choice.content_filter_results)).toEqual([harmless, harmless, harmless]);
    expect(response.choices.map(({ index }) => index)).toEqual([0, 1, 2]);
  });

  test("gets a stream whose first chunk has no choice, but the results of the prompt", async () => {
    const { chunks, tokens, failure } = await stream("tokens=30");
    expect(failure).toBeUndefined();
    expect(tokens).toHaveLength(30);
    expect(chunks[0]).toEqual({
      choices: [],
      created: 0,
      id: "",
      model: "",
      object: "",
      prompt_filter_results: [{ prompt_index: 0, content_filter_results: { ...harmless, jailbreak } }],
    });
    for (const chunk of chunks.slice(1)) {
      const [choice] = (chunk as unknown as Filtered).choices;
      const said = chunk.choices[0]?.delta.content;
      if (choice !== undefined) expect(choice.content_filter_results).toEqual(said ? harmless : {});
    }
    expect(chunks.at(-1)?.usage?.completion_tokens).toBe(30);
  });

  test("gets the same text for the same seed, streamed or not", async () => {
    expect((await stream("tokens=30, seed=7")).tokens.join("")).toBe(
      (await ask("tokens=30, seed=7")).choices[0]?.message.content,
    );
  });

  test("gets text completions, embeddings and the models", async () => {
    const completion = await client.completions.create({ model: "x", prompt: "Once", max_tokens: 12 });
    expect(completion.usage?.completion_tokens).toBe(12);
    expect((completion as unknown as Filtered).choices[0]?.content_filter_results).toEqual(harmless);
    const { data } = await client.embeddings.create({ model: "x", input: ["a", "b"], dimensions: 64 });
    expect(data.map(({ embedding }) => embedding.length)).toEqual([64, 64]);
    const names: string[] = [];
    for await (const each of client.models.list()) names.push(each.id);
    expect(names).toContain("gpt-4o");
  });

  test("creates responses, gets them again, lists their input and deletes them", async () => {
    const { id, output_text: text, model } = await client.responses.create({ model: "gpt-4o", input: "Hi" });
    expect([model, text]).toEqual(["gpt-4o", expect.stringMatching(/\w/) as string]);
    expect((await client.responses.retrieve(id)).output_text).toBe(text);
    expect((await client.responses.inputItems.list(id)).data).toMatchObject([{ role: "user" }]);
    await client.responses.delete(id);
    await expect(client.responses.retrieve(id)).rejects.toBeInstanceOf(NotFoundError);
  });

  test("gets a response as a stream, and goes on from it", async () => {
    const events = [];
    for await (const event of await client.responses.create({ model: "gpt-4o", input: "Hi", stream: true })) {
      events.push(event);
    }
    const last = events.at(-1);
    const id = last?.type === "response.completed" ? last.response.id : "";
    const next = await client.responses.create({ model: "gpt-4o", input: "And?", previous_response_id: id });
    expect(next.previous_response_id).toBe(id);
  });

  test("needs no model in the body: the deployment is one", async () => {
    const response = await fetch(`${node.url}/openai/deployments/my%20own/chat/completions?api-version=2024-10-21`, {
      method: "POST",
      body: JSON.stringify({ messages }),
    });
    expect(await response.json()).toMatchObject({ model: "my own", object: "chat.completion" });
  });

  test("gets Azure's headers, and none of OpenAI's", async () => {
    const { headers } = await ask().asResponse();
    expect(headers.get("apim-request-id")).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(headers.get("x-ms-region")).toBe("East US");
    expect([...headers.keys()].filter((name) => name.startsWith("openai-"))).toEqual([]);
  });

  test("gets the newer paths with the plain client, without a version", async () => {
    const plain = new OpenAI({ baseURL: `${node.url}/openai/v1`, ...quiet });
    const response = await plain.chat.completions.create({ model: "gpt-4o", messages, max_tokens: 5 });
    expect((response as unknown as Filtered).choices[0]?.content_filter_results).toEqual(harmless);
    expect((await plain.models.retrieve("gpt-4o")).id).toBe("gpt-4o");
  });

  test("is told that a path without a version is not found", async () => {
    const bare = new AzureOpenAI({ baseURL: `${node.url}/openai`, apiVersion: "x", ...quiet });
    const failure: unknown = await bare.chat.completions
      .create({ model: "m", messages }, { query: { "api-version": "" } })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(NotFoundError);
    expect(failure).toMatchObject({ code: "404", error: { code: "404", message: "Resource not found" } });
  });

  test("is told what the model refuses in OpenAI's shape", async () => {
    const failure: unknown = await client.chat.completions
      .create({ model: "m", messages, temperature: 9 })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BadRequestError);
    expect(failure).toMatchObject({ param: "temperature", type: "invalid_request_error" });
  });

  test.each([
    [401, AuthenticationError, "401"],
    [404, NotFoundError, "DeploymentNotFound"],
    [429, RateLimitError, "429"],
  ])("raises what Azure's status %i raises", async (status, kind, code) => {
    const failure: unknown = await ask(`fault=status;status=${status}`).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(kind);
    expect(failure).toMatchObject({ status, code, error: { code, message: expect.any(String) as string } });
  });

  test("reads the wait of a 429 from the headers and the message", async () => {
    const failure = (await ask(`fault=status;status=429;retry-after-seconds=6`).catch(
      (error: unknown) => error,
    )) as RateLimitError;
    expect(failure.headers?.get("retry-after")).toBe("6");
    expect(failure.headers?.get("x-ratelimit-remaining-requests")).toBe("0");
    expect(failure.headers?.get("x-ratelimit-reset-requests")).toBe("6");
    expect(failure.message).toContain("Please retry after 6 seconds.");
  });

  test("meets a cut after 12 tokens", async () => {
    const { tokens, failure } = await stream("itl=2, fault=cut;after=12");
    expect(tokens).toHaveLength(12);
    expect(String(failure)).toMatch(/terminated/);
  });
});
