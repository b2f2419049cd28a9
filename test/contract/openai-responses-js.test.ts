import OpenAI, { APIError, BadRequestError, NotFoundError } from "openai";
import type { ResponseStreamEvent } from "openai/resources/responses/responses";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNode, type Node } from "../support/node.ts";

const weather = {
  type: "function" as const,
  name: "get_weather",
  description: "The weather of a place",
  parameters: {
    type: "object",
    properties: { city: { type: "string" }, days: { type: "integer", minimum: 1 } },
    required: ["city", "days"],
    additionalProperties: false,
  },
  strict: true,
};

describe("the openai client for JavaScript, asking for responses", () => {
  let node: Node;
  let client: OpenAI;
  beforeAll(async () => {
    node = await startNode({ control: { enabled: true } });
    client = new OpenAI({ baseURL: `${node.url}/v1`, apiKey: "sk-none", maxRetries: 0, logLevel: "off" });
  });
  afterAll(() => node.stop());

  const control = (text: string) => ({ headers: { "x-stuntdouble": text } });
  const read = async (text: string, more: object = {}) => {
    const stream = await client.responses.create(
      { model: "gpt-4o", input: "Hi", ...more, stream: true as const },
      control(text),
    );
    const events: ResponseStreamEvent[] = [];
    let failure: unknown;
    try {
      for await (const event of stream) events.push(event);
    } catch (error) {
      failure = error;
    }
    return { events, failure };
  };
  const deltas = (events: readonly ResponseStreamEvent[]): string[] =>
    events.flatMap((event) => (event.type === "response.output_text.delta" ? [event.delta] : []));
  const refusalOf = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

  test("creates a conversation, talks in it, lists and compacts it", async () => {
    const { id } = await client.conversations.create({ items: [{ role: "user", content: "Hello" }] });
    const response = await client.responses.create({ model: "gpt-4o", input: "And you?", conversation: id });
    expect(response.conversation).toEqual({ id });
    const kinds: string[] = [];
    for await (const item of client.conversations.items.list(id, { order: "asc", limit: 2 })) kinds.push(item.type);
    expect(kinds).toEqual(["message", "message", "message"]);
    const { output } = await client.responses.compact({ model: "gpt-5.1-codex-max", input: "Hello" });
    expect(output.at(-1)?.type).toBe("compaction");
    expect((await client.conversations.delete(id)).deleted).toBe(true);
    await expect(client.conversations.retrieve(id)).rejects.toMatchObject({ status: 404 });
  });

  test("lists, reads, updates and deletes the chat completions that it stored", async () => {
    const messages = [{ role: "user" as const, content: "Hi" }];
    const made = await client.chat.completions.create({ model: "gpt-4o", messages, store: true });
    const ids: string[] = [];
    for await (const each of client.chat.completions.list({ limit: 1 })) ids.push(each.id);
    expect(ids).toContain(made.id);
    const changed = await client.chat.completions.update(made.id, { metadata: { a: "b" } });
    expect(changed).toMatchObject({ id: made.id, metadata: { a: "b" } });
    const said: unknown[] = [];
    for await (const { content } of client.chat.completions.messages.list(made.id)) said.push(content);
    expect(said).toEqual(["Hi"]);
    expect((await client.chat.completions.delete(made.id)).deleted).toBe(true);
    await expect(client.chat.completions.retrieve(made.id)).rejects.toMatchObject({ status: 404 });
  });

  test("gets a whole response", async () => {
    const response = await client.responses.create(
      { model: "any-model", input: "Hi", instructions: "Be brief." },
      control("tokens=20"),
    );
    expect(response).toMatchObject({
      model: "any-model",
      status: "completed",
      instructions: "Be brief.",
      usage: { output_tokens: 20, output_tokens_details: { reasoning_tokens: 0 } },
    });
    expect(response.output_text).toMatch(/\w/);
  });

  test("gets a stream of events in order, and the same text for the same seed", async () => {
    const { events, failure } = await read("tokens=30, seed=7");
    expect(failure).toBeUndefined();
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index));
    const response = await client.responses.create({ model: "gpt-4o", input: "Hi" }, control("tokens=30, seed=7"));
    expect(deltas(events)).toHaveLength(30);
    expect(deltas(events).join("")).toBe(response.output_text);
  });

  test("puts a stream together by its own helper", async () => {
    const stream = client.responses.stream({ model: "o4-mini", input: "Hi", reasoning: { summary: "auto" } });
    const response = await stream.finalResponse();
    expect(response.output.map(({ type }) => type)).toEqual(["reasoning", "message"]);
    expect(response.output_text).toMatch(/\w/);
  });

  test("is cut off at its limit", async () => {
    const response = await client.responses.create(
      { model: "gpt-4o", input: "Hi", max_output_tokens: 16 },
      control("tokens=50"),
    );
    expect(response).toMatchObject({
      status: "incomplete",
      incomplete_details: { reason: "max_output_tokens" },
      usage: { output_tokens: 16 },
    });
  });

  test("has a tool called and answers with its result", async () => {
    const asked = await client.responses.create({ model: "gpt-4o", input: "Weather?", tools: [weather] });
    const [call] = asked.output;
    if (call?.type !== "function_call") throw new Error(`expected a call, got ${call?.type}`);
    expect(JSON.parse(call.arguments)).toEqual({
      city: expect.any(String) as string,
      days: expect.any(Number) as number,
    });
    const output = { type: "function_call_output" as const, call_id: call.call_id, output: "sunny" };
    const told = await client.responses.create({
      model: "gpt-4o",
      previous_response_id: asked.id,
      input: [output],
      tools: [weather],
    });
    expect(told.previous_response_id).toBe(asked.id);
    expect(told.output_text).toMatch(/\w/);
    expect(told.usage!.input_tokens).toBeGreaterThan(asked.usage!.total_tokens);
  });

  test("is told of a result that answers no call", async () => {
    const output = { type: "function_call_output" as const, call_id: "call_0", output: "sunny" };
    const failure = await refusalOf(client.responses.create({ model: "gpt-4o", input: [output] }));
    expect(failure).toBeInstanceOf(BadRequestError);
    expect(failure).toMatchObject({ param: "input", message: expect.stringContaining("call_0") as string });
  });

  test("parses a response in JSON of a schema", async () => {
    const format = { type: "json_schema" as const, name: "weather", schema: weather.parameters, strict: true };
    const response = await client.responses.parse({ model: "gpt-4o", input: "Weather?", text: { format } });
    expect(JSON.parse(response.output_text)).toEqual({
      city: expect.any(String) as string,
      days: expect.any(Number) as number,
    });
  });

  test("asks for a response again, lists its input, and deletes it", async () => {
    const made = await client.responses.create({ model: "gpt-4o", input: "Say this" });
    const again = await client.responses.retrieve(made.id);
    expect(again.output_text).toBe(made.output_text);
    const items: unknown[] = [];
    for await (const item of client.responses.inputItems.list(made.id)) items.push(item);
    expect(items).toMatchObject([
      { type: "message", role: "user", content: [{ type: "input_text", text: "Say this" }] },
    ]);
    await client.responses.delete(made.id);
    expect(await refusalOf(client.responses.retrieve(made.id))).toBeInstanceOf(NotFoundError);
    const next = client.responses.create({ model: "gpt-4o", input: "Hi", previous_response_id: made.id });
    expect(await refusalOf(next)).toMatchObject({ status: 400, code: "previous_response_not_found" });
  });

  test("waits for a response in the background", async () => {
    const queued = await client.responses.create({ model: "gpt-4o", input: "Hi", background: true });
    expect(queued).toMatchObject({ status: "queued", output: [] });
    expect((await client.responses.retrieve(queued.id)).status).toBe("completed");
    const slow = await client.responses.create(
      { model: "gpt-4o", input: "Hi", background: true },
      control("ttft=60000"),
    );
    expect((await client.responses.retrieve(slow.id)).status).toBe("in_progress");
    expect((await client.responses.cancel(slow.id)).status).toBe("cancelled");
    expect((await client.responses.retrieve(slow.id)).status).toBe("cancelled");
    const other = await client.responses.create({ model: "gpt-4o", input: "Hi" });
    expect(await refusalOf(client.responses.cancel(other.id))).toMatchObject({ status: 400 });
  });

  test("meets faults in the middle of a stream as it meets the real ones", async () => {
    const cut = await read("itl=1, fault=cut;after=7");
    expect(deltas(cut.events)).toHaveLength(7);
    expect(String(cut.failure)).toMatch(/terminated/);
    const early = await read("fault=clean-end;after=7");
    expect(deltas(early.events)).toHaveLength(7);
    expect(early.failure).toBeUndefined();
    const unmarked = await read("tokens=7, fault=clean-end");
    expect(unmarked.events.map(({ type }) => type)).not.toContain("response.completed");
    expect(unmarked.failure).toBeUndefined();
    const told = await read("fault=error-event;after=7");
    expect(deltas(told.events)).toHaveLength(7);
    expect(told.failure).toBeInstanceOf(APIError);
    expect(told.failure).toMatchObject({ code: "overloaded", error: { sequence_number: told.events.length } });
  });

  test("gets moderations", async () => {
    const { results } = await client.moderations.create({ input: ["Good morning", "I will kill you"] });
    expect(results.map(({ flagged }) => flagged)).toEqual([false, true]);
    expect(results[1]?.categories.violence).toBe(true);
    expect(results[0]?.category_applied_input_types.violence).toEqual(["text"]);
  });

  test("finds similar texts by their embeddings", async () => {
    const texts = ["How do I reset my password?", "I forgot my password, how can I reset it?", "It rains in Paris."];
    const { data } = await client.embeddings.create({ model: "text-embedding-3-small", input: texts });
    const [first, similar, other] = data.map(({ embedding }) => embedding);
    const cosine = (a: readonly number[], b: readonly number[]) =>
      a.reduce((sum, value, index) => sum + value * b[index]!, 0);
    expect(cosine(first!, similar!)).toBeGreaterThan(0.5);
    expect(cosine(first!, other!)).toBeLessThan(0.3);
  });

  test("gets thousands of embeddings in one response", async () => {
    const input = Array.from({ length: 2048 }, (_, index) => `text ${index}`);
    const { data } = await client.embeddings.create({ model: "text-embedding-3-small", input, dimensions: 64 });
    expect(data.map(({ index }) => index)).toEqual(input.map((_, index) => index));
  });
});
