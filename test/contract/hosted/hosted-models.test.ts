import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { GoogleGenAI } from "@google/genai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNode, type Node } from "../../support/node.ts";
import { pythonWith } from "../../support/programs/index.ts";
import { describeWith } from "../../support/programs/missing.ts";

type Seen = { model: string; whole: string; streamed: string; stop: string[]; limited: unknown };

describe("the @google/genai client asking Vertex AI", () => {
  let node: Node;
  let ai: GoogleGenAI;
  beforeAll(async () => {
    node = await startNode();
    ai = new GoogleGenAI({ vertexai: true, apiKey: "none", httpOptions: { baseUrl: node.url } });
  });
  afterAll(() => node.stop());

  const asked = { model: "gemini-2.5-flash", contents: "Say this is a test" };

  test("gets content, whole and streamed, and a count of tokens", async () => {
    expect((await ai.models.generateContent(asked)).text).toMatch(/\w/);
    let text = "";
    for await (const chunk of await ai.models.generateContentStream(asked)) text += chunk.text ?? "";
    expect(text).toMatch(/\w/);
    expect((await ai.models.countTokens(asked)).totalTokens).toBeGreaterThan(3);
  });

  test("a path with a project is the same", async () => {
    const route = "/v1/projects/p/locations/us-central1/publishers/google/models/gemini-2.5-flash:generateContent";
    const body = JSON.stringify({ contents: [{ role: "user", parts: [{ text: "Hi" }] }] });
    const response = await fetch(node.url + route, { method: "POST", body });
    expect(await response.json()).toMatchObject({ modelVersion: "gemini-2.5-flash" });
  });
});

describeWith("boto3", pythonWith("anthropic, boto3"), "the clients of anthropic for hosts of its models", (python) => {
  let node: Node;
  let seen: Record<"vertex" | "bedrock", Seen> & { counted: number };
  beforeAll(async () => {
    node = await startNode({ control: { enabled: true } });
    const script = path.join(import.meta.dirname, "hosted_anthropic_client.py");
    const env = { ...process.env, STUNTDOUBLE_URL: node.url };
    seen = JSON.parse((await promisify(execFile)(python, [script], { env })).stdout) as typeof seen;
  }, 60_000);
  afterAll(() => node.stop());

  test.each([
    ["vertex", "claude-sonnet-4-5@20250929"],
    ["bedrock", "claude-sonnet-4-5-20250929"],
  ] as const)("%s: a message is the same streamed as whole, and a 429 an error", (host, model) => {
    const { whole, streamed, ...rest } = seen[host];
    expect(whole).toMatch(/\w/);
    expect(streamed).toBe(whole);
    expect(rest).toEqual({ model, stop: ["end_turn", "end_turn"], limited: ["RateLimitError", 429] });
  });

  test("tokens are counted on Vertex AI", () => {
    expect(seen.counted).toBeGreaterThan(3);
  });
});
