import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNode, type Node } from "../support/node.ts";

type Json = { readonly [member: string]: unknown };
type Delta = { readonly [member: string]: string | null };
type Chunk = Json & { readonly choices: readonly { readonly delta: Delta; readonly finish_reason: string | null }[] };

let node: Node;
beforeAll(async () => {
  node = await startNode({ control: { enabled: true } });
});
afterAll(() => node.stop());

async function ask(base: string, body: object): Promise<string> {
  const response = await fetch(`${node.url}${base}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-stuntdouble": "tokens=20, seed=7" },
    body: JSON.stringify({ model: "m", messages: [{ role: "user", content: "Hi" }], ...body }),
  });
  expect(response.status).toBe(200);
  return response.text();
}

async function stream(base: string, body: object = {}): Promise<Chunk[]> {
  const text = await ask(base, { stream: true, ...body });
  return text
    .split("\n\n")
    .filter((event) => event.startsWith("data: {"))
    .map((event) => JSON.parse(event.slice("data: ".length)) as Chunk);
}

const used = { prompt_tokens: expect.any(Number) as number, completion_tokens: 20 };

test.each(["/mistral", "/deepseek", "/together"])("%s tells the usage of a stream in its last choice", async (base) => {
  const chunks = await stream(base);
  expect(chunks.at(-1)).toMatchObject({ choices: [{ finish_reason: "stop" }], usage: used });
  expect(chunks.filter(({ usage }) => usage !== undefined)).toHaveLength(1);
});

describe("groq", () => {
  const id = expect.stringMatching(/^req_/) as string;

  test("names its request in the first and the last chunk, with the usage in the last", async () => {
    const chunks = await stream("/groq/openai");
    const told = chunks.map(({ x_groq }) => x_groq);
    expect([told.at(0), told.at(-1)]).toEqual([{ id }, { id, usage: expect.objectContaining(used) as Json }]);
    expect(told.slice(1, -1).every((each) => each === undefined)).toBe(true);
  });

  test("tells the usage beside it where it was asked for", async () => {
    const chunks = await stream("/groq/openai", { stream_options: { include_usage: true } });
    expect(chunks.at(-1)).toMatchObject({ usage: used, x_groq: { usage: used } });
  });

  test("says how long a whole response took", async () => {
    const { x_groq, usage } = JSON.parse(await ask("/groq/openai", {})) as Json;
    expect(x_groq).toEqual({ id });
    const times = usage as Record<string, number>;
    expect(times["total_time"]).toBeCloseTo((times["prompt_time"] ?? 0) + (times["completion_time"] ?? 0));
  });
});

test("openrouter says who provided the model, and what it cost", async () => {
  const whole = JSON.parse(await ask("/api", {})) as Json;
  expect(whole).toMatchObject({ provider: "Stuntdouble", usage: { ...used, cost: 0 } });
  const chunks = await stream("/api");
  expect(chunks.every(({ provider }) => provider === "Stuntdouble")).toBe(true);
});

test("deepseek tells which tokens of the prompt were in its cache", async () => {
  const { usage } = JSON.parse(await ask("/deepseek", {})) as { usage: Record<string, number> };
  expect(usage["prompt_cache_miss_tokens"]).toBe(usage["prompt_tokens"]);
});

describe.each([
  ["/deepseek", "deepseek-reasoner", "reasoning_content"],
  ["/api", "deepseek/deepseek-r1", "reasoning"],
  ["/groq/openai", "openai/gpt-oss-120b", "reasoning"],
  ["/vllm", "Qwen/QwQ-32B", "reasoning_content"],
])("%s with %s", (base, model, member) => {
  test(`tells the reasoning as ${member}, before the text`, async () => {
    const deltas = (await stream(base, { model })).flatMap(({ choices }) => choices.map(({ delta }) => delta));
    const kinds = deltas.flatMap((delta) => [member, "content"].filter((name) => (delta[name] ?? "") !== ""));
    expect(kinds).toEqual([...Array<string>(10).fill(member), ...Array<string>(10).fill("content")]);
  });

  test("says the same as a whole", async () => {
    const { choices } = JSON.parse(await ask(base, { model })) as { choices: [{ message: Record<string, string> }] };
    const [{ message }] = choices;
    const deltas = (await stream(base, { model })).flatMap((chunk) => chunk.choices.map(({ delta }) => delta));
    for (const name of [member, "content"])
      expect(deltas.map((delta) => delta[name] ?? "").join("")).toBe(message[name]);
  });
});

test("OpenAI itself does not show its reasoning", async () => {
  expect(await ask("", { model: "o3", stream: true })).not.toContain("reasoning_content");
});
