import { describe, expect, test } from "vitest";
import { findOperation } from "../../../../../src/core/dialects/index.ts";
import { openrouter } from "../../../../../src/core/dialects/openrouter/index.ts";
import type { Failure, Script } from "../../../../../src/core/dialects/types.ts";
import type { Plan } from "../../../../../src/core/types.ts";
import { bodyOf, bytesOf, chunksOf, header, jsonOf, scriptOf, textsOf } from "../support.ts";
import { framesOf } from "../../../../support/frames.ts";

const chatPath = "/api/v1/chat/completions";
const messages = [{ role: "user", content: "hi" }];

function write(request: object, path = chatPath, script: Partial<Script> = {}): Plan {
  const { operation } = findOperation("POST", path, {});
  return operation!
    .open({ headers: {}, target: path, body: bodyOf(JSON.stringify(request)), count: (text) => text.length })
    .ask()
    .write(scriptOf(["Hello", " there"], script));
}

const chat = { model: "openai/gpt-4o", messages };

describe("paths", () => {
  test.each([
    ["POST", chatPath, "chat"],
    ["POST", "/api/v1/completions", "completions"],
    ["POST", "/api/v1/embeddings", "embeddings"],
    ["GET", "/api/v1/models", "models"],
  ])("%s %s is the operation %s", (method, path, name) => {
    expect(findOperation(method, path, {})).toMatchObject({ dialect: { name: "openrouter" }, operation: { name } });
  });

  test("an unknown path below /api/v1 is OpenRouter's, any other below /api is Ollama's", () => {
    expect(findOperation("GET", "/api/v1/credits", {})).toMatchObject({ dialect: { name: "openrouter" } });
    expect(findOperation("GET", "/api/credits", {})).toMatchObject({ dialect: { name: "ollama" } });
    expect(findOperation("POST", "/api/chat", {})).toMatchObject({ dialect: { name: "ollama" } });
  });
});

describe("a response", () => {
  test("has a generation id, which a header tells too, and no header of OpenAI's", () => {
    const plan = write(chat);
    const { id, object, usage } = jsonOf(plan);
    expect(id).toMatch(/^gen-\w{29}$/);
    expect(header(plan.head?.headers ?? [], "x-generation-id")).toBe(id);
    expect(plan.head?.headers ?? []).toHaveLength(4);
    expect({ object, usage }).toMatchObject({ object: "chat.completion", usage: { completion_tokens: 2 } });
  });

  test("of several choices or of a completion has such an id too", () => {
    expect(jsonOf(write({ ...chat, n: 2 }))["id"]).toMatch(/^gen-/);
    expect(jsonOf(write({ model: "m", prompt: "Once" }, "/api/v1/completions"))["id"]).toMatch(/^gen-/);
  });
});

describe("a stream", () => {
  const streamed = (more: object = {}): Plan => write({ ...chat, stream: true, ...more });

  test("begins with a comment, together with its head", () => {
    const [comment] = streamed().frames;
    expect(comment).toMatchObject({ data: ": OPENROUTER PROCESSING\n\n", atMs: 0, tokens: 0, final: false });
  });

  test.each([[{}], [{ stream_options: { include_usage: false } }], [{ n: 2 }]])(
    "tells its usage at the end, also with %j",
    (more) => {
      expect(textsOf(streamed(more)).at(-2)).toMatch(/^data: .*"choices":\[\],"usage":\{"prompt_tokens":/);
    },
  );

  test("of a completion tells its usage too", () => {
    const texts = textsOf(write({ model: "m", prompt: "Once", stream: true }, "/api/v1/completions"));
    expect(texts.at(-2)).toContain(`"choices":[],"usage":{`);
  });

  test("has the generation id in every chunk, and no obfuscation", () => {
    const chunks = textsOf(streamed()).filter((text) => text.startsWith("data: {"));
    expect(chunks.length).toBeGreaterThan(3);
    for (const chunk of chunks) expect(chunk).toMatch(/^data: \{"id":"gen-(?!.*obfuscation)/);
  });

  test("is read with the tokens and the end that were planned", () => {
    const plan = streamed();
    const frames = openrouter.readStream("text/event-stream")!.push(0, bytesOf(textsOf(plan).join("")));
    const worth = (list: readonly { tokens: number; final: boolean }[]) =>
      list.map(({ tokens, final }) => [tokens, final]);
    expect(worth(frames)).toEqual(worth(framesOf(plan)));
  });
});

describe("an error", () => {
  const failure: Failure = { status: 429, requestId: "req_1", retryAfterSeconds: 6 };

  test.each([400, 401, 402, 404, 408, 429, 500, 502, 503])(
    "of the status %i has it as its code, and a message",
    (status) => {
      const { head, body } = openrouter.failure({ status, requestId: "" });
      expect(JSON.parse(body)).toEqual({ error: { code: status, message: expect.stringMatching(/\w/) as string } });
      expect(head.status).toBe(status);
    },
  );

  test("says when to try again, in one header", () => {
    const { headers } = openrouter.failure(failure).head;
    expect(header(headers, "retry-after")).toBe("6");
    expect(header(headers, "x-generation-id")).toMatch(/^gen-/);
    expect(headers).toHaveLength(6);
  });

  test("in a stream ends it by a chunk whose choice has ended with it", () => {
    const event = openrouter.failureEvent({
      status: 502,
      requestId: "req_0123456789",
      model: "openai/gpt-4o",
      nowMs: 1_700_000_000_500,
      message: "Provider disconnected",
    });
    const { id, object, created, model } = chunksOf({
      ...write({ ...chat, stream: true }),
      frames: framesOf(write({ ...chat, stream: true })).slice(1),
    })[0]!;
    expect(JSON.parse(String(event).slice("data: ".length))).toEqual({
      id,
      object,
      created,
      model,
      provider: expect.any(String) as string,
      error: { code: 502, message: "Provider disconnected" },
      choices: [{ index: 0, delta: { content: "" }, finish_reason: "error" }],
    });
  });
});

test("no header tells what is left of a quota", () => {
  expect(openrouter.quotaHeaders({ requests: { limit: 10, remaining: 9, resetMs: 1 } }, 0)).toEqual([]);
});

test("a chunk of a stream is OpenAI's otherwise", () => {
  const chunks = chunksOf({
    ...write({ ...chat, stream: true }),
    frames: framesOf(write({ ...chat, stream: true })).slice(1),
  });
  expect(chunks[1]!["choices"]![0]!["delta"]).toEqual({ content: "Hello" });
});
