import { createAnthropic } from "@ai-sdk/anthropic";
import { APICallError, generateText, jsonSchema, Output, streamText, tool, type ToolSet } from "ai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNode, type Node } from "../support/node.ts";

const prompt = "What is the weather in Paris?";
const place = jsonSchema<{ place: string }>({
  type: "object",
  properties: { place: { type: "string" } },
  required: ["place"],
  additionalProperties: false,
});
/** The SDK's own types of a tool and of a set of tools do not agree under exact optional members. */
const tools = { weather: tool({ description: "The weather of a place", inputSchema: place }) } as unknown as ToolSet;

describe("the AI SDK's Anthropic provider", () => {
  let node: Node;
  beforeAll(async () => {
    node = await startNode({ control: { enabled: true } });
  });
  afterAll(() => node.stop());

  /** How to ask, with overrides for the simulator. */
  const asking = (control: string) => ({
    model: createAnthropic({ baseURL: `${node.url}/v1`, apiKey: "sk-none" })("claude-sonnet-4-6"),
    headers: { "x-stuntdouble": control },
    maxRetries: 0,
    prompt,
  });

  test("gets text, whole and streamed", async () => {
    const whole = await generateText(asking("tokens=25, seed=5"));
    expect([whole.finishReason, whole.usage.outputTokens]).toEqual(["stop", 25]);
    const stream = streamText(asking("tokens=25, seed=5"));
    const deltas: string[] = [];
    for await (const delta of stream.textStream) deltas.push(delta);
    expect(deltas.join("")).toBe(whole.text);
    expect([await stream.finishReason, (await stream.usage).outputTokens]).toEqual(["stop", 25]);
  });

  test("gets a tool call with valid input, whole and streamed", async () => {
    const request = { ...asking("seed=5"), tools, toolChoice: "required" as const };
    const whole = await generateText(request);
    const streamed = await streamText(request).toolCalls;
    expect(whole.toolCalls).toMatchObject([{ toolName: "weather", input: { place: expect.any(String) as string } }]);
    expect(streamed.map(({ input }) => input)).toEqual(whole.toolCalls.map(({ input }) => input));
    expect(whole.finishReason).toBe("tool-calls");
  });

  test("gets an object of a schema", async () => {
    const { output } = await generateText({ ...asking("seed=5"), output: Output.object({ schema: place }) });
    expect(output).toEqual({ place: expect.any(String) as string });
  });

  test("gets reasoning with its signature", async () => {
    const providerOptions = { anthropic: { thinking: { type: "enabled", budgetTokens: 1024 } } };
    const stream = streamText({ ...asking("tokens=60"), providerOptions });
    const [reasoning] = await stream.reasoning;
    const signature: unknown = expect.stringMatching(/^c3R1bnRkb3VibGU6/);
    expect(reasoning).toMatchObject({
      text: expect.stringMatching(/\w/) as string,
      providerMetadata: { anthropic: { signature } },
    });
    expect((await stream.usage).outputTokens).toBe(60);
  });

  test.each([
    [400, false],
    [401, false],
    [429, true],
    [529, true],
  ])("meets status %i as one that may be tried again: %s", async (status, isRetryable) => {
    const failure: unknown = await generateText(asking(`fault=status;status=${status}`)).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(APICallError);
    expect(failure).toMatchObject({ statusCode: status, isRetryable });
  });

  test("notices half a stream that ends cleanly", async () => {
    const stream = streamText(asking("tokens=20, fault=clean-end;after=9"));
    let deltas = 0;
    for await (const _ of stream.textStream) deltas += 1;
    expect([deltas, await stream.finishReason]).toEqual([9, "interrupted"]);
  });
});
