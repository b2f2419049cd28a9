import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNode, type Node } from "../support/node.ts";

const messages = [{ role: "user" as const, content: "Say this is a test" }];
const declined = "I'm sorry, but I can't help with that.";

describe("a model that declines, as official clients see it", () => {
  let node: Node;
  let openai: OpenAI;
  let anthropic: Anthropic;
  beforeAll(async () => {
    node = await startNode({ control: { enabled: true } });
    const defaultHeaders = { "x-stuntdouble": "refusal" };
    openai = new OpenAI({ baseURL: `${node.url}/v1`, apiKey: "sk-none", maxRetries: 0, defaultHeaders });
    anthropic = new Anthropic({ baseURL: node.url, apiKey: "sk-none", maxRetries: 0, defaultHeaders });
  });
  afterAll(() => node.stop());

  test("a chat completion has a refusal in the place of its content", async () => {
    const { choices, usage } = await openai.chat.completions.create({ model: "gpt-4o", messages });
    expect(choices[0]).toMatchObject({ finish_reason: "stop", message: { content: null, refusal: declined } });
    expect(usage?.completion_tokens).toBeGreaterThan(5);
  });

  test("its stream has the same in pieces", async () => {
    let refusal = "";
    const stream = await openai.chat.completions.create({ model: "gpt-4o", messages, stream: true });
    for await (const { choices } of stream) refusal += choices[0]?.delta.refusal ?? "";
    expect(refusal).toBe(declined);
  });

  test("a response has it among its content, streamed or not", async () => {
    const { output } = await openai.responses.create({ model: "gpt-4o", input: "Hi" });
    expect(output[0]).toMatchObject({ type: "message", content: [{ type: "refusal", refusal: declined }] });
    let refusal = "";
    for await (const event of await openai.responses.create({ model: "gpt-4o", input: "Hi", stream: true }))
      if (event.type === "response.refusal.delta") refusal += event.delta;
    expect(refusal).toBe(declined);
  });

  test("a message of Anthropic's stops for a refusal", async () => {
    const message = await anthropic.messages.create({ model: "claude-sonnet-4-5", max_tokens: 100, messages });
    expect(message).toMatchObject({ stop_reason: "refusal", content: [{ type: "text", text: declined }] });
  });

  test("an API without a form for it says so", async () => {
    const asking = openai.completions.create({ model: "gpt-3.5-turbo-instruct", prompt: "Hi" });
    await expect(asking).rejects.toMatchObject({ status: 400, message: expect.stringContaining("refusal") as string });
  });
});
