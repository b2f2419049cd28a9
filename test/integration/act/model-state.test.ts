import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNode, type Node } from "../../support/node.ts";

const house = `
name: house
ttftMs: { kind: constant, value: 5 }
itlMs: { kind: constant, value: 10 }
outputTokens: { kind: constant, value: 2001 }
head: at-once
engine: { prefillTokensPerSecond: 1000000, maxSequences: 1, decodeMs: { kind: constant, value: 10 } }
`;
const hosted = `
name: hosted
ttftMs: { kind: constant, value: 1 }
itlMs: { kind: constant, value: 0 }
outputTokens: { kind: constant, value: 5 }
prefill: { freePromptTokens: 0, msPer1000Tokens: 20 }
promptCache: { minTokens: 1024, ttlMs: 300000 }
`;

let node: Node;
beforeAll(async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "profiles-"));
  await writeFile(path.join(folder, "house.yaml"), house);
  await writeFile(path.join(folder, "hosted.yaml"), hosted);
  node = await startNode(
    {
      profiles: folder,
      rules: [{ name: "house", match: { model: "house*" }, serve: "simulate", profile: "house" }],
      default: { serve: "simulate", profile: "hosted" },
    },
    { workers: 2 },
  );
}, 60_000);
afterAll(() => node.stop());

const words = Array.from({ length: 2000 }, (_, at) => `word${at}`).join(" ");

async function post(route: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(node.url + route, {
    method: "POST",
    headers: { "content-type": "application/json", connection: "close", ...headers },
    body: JSON.stringify(body),
  });
}

describe("an engine with one place", () => {
  const ask = async (): Promise<AbortController> => {
    const leaving = new AbortController();
    const messages = [{ role: "user", content: "Hello" }];
    await fetch(`${node.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", connection: "close" },
      body: JSON.stringify({ model: "house", stream: true, messages }),
      signal: leaving.signal,
    });
    return leaving;
  };

  test("serves calls one after the other, whatever event loop they are on, and those behind one that left sooner", async () => {
    const calls = [];
    for (let count = 0; count < 4; count += 1) calls.push(await ask());
    for (const call of calls) call.abort();
    await node.idle();
    const seen = (await node.outcomes(4)).filter(({ model }) => model === "house");
    const first = seen.map(({ startedAtMs, planned }) => startedAtMs + (planned?.ttftMs ?? 0)).toReversed();
    expect(first).toHaveLength(4);
    // Each waits for the 2,000 gaps of 10 ms of the one before it.
    for (const [at, ms] of first.slice(1).entries()) expect(ms - (first[at] ?? 0)).toBeGreaterThan(19_000);
    const next = await ask();
    next.abort();
    await node.idle();
    const latest = (await node.outcomes(5)).find(({ model }) => model === "house");
    expect(latest?.planned?.ttftMs).toBeLessThan(1000);
  }, 60_000);
});

describe("a prompt that was asked before is told, and read sooner", () => {
  const messages = [
    { role: "system", content: words },
    { role: "user", content: "Hello" },
  ];
  const cached = [{ type: "text", text: words, cache_control: { type: "ephemeral" } }];
  const claude = { model: "claude-sonnet-4-5", max_tokens: 10, system: cached, messages: messages.slice(1) };
  const anthropic = { "x-api-key": "k", "anthropic-version": "2023-06-01" };
  const contents = [{ role: "user", parts: [{ text: words }] }];
  type Usage = Record<string, unknown>;
  const read = (usage: Usage, name: string): number => Number(usage[name] ?? 0);
  const cases = [
    {
      api: "chat completions",
      route: "/v1/chat/completions",
      body: { model: "gpt-4o", messages },
      told: ({ usage }: { usage: { prompt_tokens_details: Usage } }) =>
        read(usage.prompt_tokens_details, "cached_tokens"),
    },
    {
      api: "responses",
      route: "/v1/responses",
      body: { model: "gpt-4o", instructions: words, input: "Hello" },
      told: ({ usage }: { usage: { input_tokens_details: Usage } }) =>
        read(usage.input_tokens_details, "cached_tokens"),
    },
    {
      api: "messages",
      route: "/v1/messages",
      body: claude,
      headers: anthropic,
      told: ({ usage }: { usage: Usage }) => read(usage, "cache_read_input_tokens"),
    },
    {
      api: "Gemini",
      route: "/v1beta/models/gemini-2.5-flash:generateContent",
      body: { contents },
      told: ({ usageMetadata }: { usageMetadata: Usage }) => read(usageMetadata, "cachedContentTokenCount"),
    },
    {
      api: "DeepSeek",
      route: "/deepseek/chat/completions",
      body: { model: "deepseek-chat", messages },
      told: ({ usage }: { usage: Usage }) => read(usage, "prompt_cache_hit_tokens"),
    },
  ];

  test.each(cases)("$api", async ({ route, body, headers = {}, told }) => {
    const usage = async (): Promise<number> => told((await (await post(route, body, headers)).json()) as never);
    expect(await usage()).toBe(0);
    const again = await usage();
    expect(again).toBeGreaterThan(1024);
    await node.idle();
    const [second, first] = await node.outcomes(2);
    const soonerMs = (first?.planned?.totalMs ?? 0) - (second?.planned?.totalMs ?? 0);
    expect(soonerMs).toBeCloseTo(again * 0.02);
  });

  test("what Anthropic's cache is given is told once", async () => {
    const body = { ...claude, system: [{ ...cached[0], text: `New: ${words}` }] };
    const usages = [];
    for (let count = 0; count < 2; count += 1)
      usages.push(((await (await post("/v1/messages", body, anthropic)).json()) as { usage: Usage }).usage);
    const [first, second] = usages;
    expect(first).toMatchObject({ cache_read_input_tokens: 0 });
    expect(second).toMatchObject({
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: first?.["cache_creation_input_tokens"],
    });
  });
});
