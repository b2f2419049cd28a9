import { describe, expect, test } from "vitest";
import type { Part } from "../../../../../src/core/simulator/parts.ts";
import { findOperation } from "../../../../../src/core/dialects/index.ts";
import { embedTexts } from "../../../../../src/core/dialects/ollama/embeddings.ts";
import { chat, generate } from "../../../../../src/core/dialects/ollama/generate.ts";
import { running, show } from "../../../../../src/core/dialects/ollama/models.ts";
import { ollama } from "../../../../../src/core/dialects/ollama/index.ts";
import type { Failure, Script } from "../../../../../src/core/dialects/types.ts";
import { bytesOf, header, jsonOf, open, refusal, scriptOf, textsOf } from "../support.ts";
import { framesOf } from "../../../../support/frames.ts";

const model = "llama3.2";
const messages = [{ role: "user", content: "one two three" }];

function scriptWith(parts: readonly Part[], more: Partial<Script> = {}): Script {
  return {
    ...scriptOf(
      parts.flatMap(({ tokens }) => tokens),
      more,
    ),
    parts,
  };
}

const linesOf = (plan: Parameters<typeof textsOf>[0]): unknown[] =>
  textsOf(plan).map((text) => JSON.parse(text) as unknown);

describe("paths", () => {
  test.each([
    ["POST", "/api/chat", "chat"],
    ["POST", "/api/generate", "generate"],
    ["POST", "/api/embed", "embed"],
    ["POST", "/api/embeddings", "embeddings"],
    ["POST", "/api/show", "show"],
    ["GET", "/api/tags", "tags"],
    ["GET", "/api/ps", "ps"],
    ["GET", "/api/version", "version"],
  ])("%s %s is the operation %s", (method, path, name) => {
    expect(findOperation(method, path, {})).toMatchObject({ dialect: { name: "ollama" }, operation: { name } });
  });

  test("/api/pull is Ollama's, but cannot be simulated", () => {
    expect(findOperation("POST", "/api/pull", {})).toMatchObject({ dialect: { name: "ollama" }, operation: undefined });
  });
});

describe("facts", () => {
  test("of a chat", () => {
    const { facts } = open(chat, { model, messages: [...messages, { role: "assistant", content: "four" }] });
    expect(facts).toMatchObject({ model, stream: true });
    expect(facts.promptTokens()).toBe(4 + 3 + 4 + 1);
    expect(facts.lastUserMessage()).toBe("one two three");
  });

  test("of a prompt with an image and a context", () => {
    const { facts } = open(generate, { model, prompt: "one two", images: ["aGk="], context: [1, 2, 3], stream: false });
    expect(facts).toMatchObject({ model, stream: false });
    expect(facts.promptTokens()).toBe(3 + 2 + 256 + 4);
    expect(facts.lastUserMessage()).toBe("one two");
  });
});

describe("a response", () => {
  test("has all members that the server's have, and durations that make up the time of the plan", () => {
    const plan = open(chat, { model, messages, stream: false })
      .ask()
      .write(scriptOf(["Hello", " there"]));
    expect(header(plan.head!.headers, "content-type")).toBe("application/json; charset=utf-8");
    expect(plan.frames).toMatchObject([{ atMs: 315, tokens: 2, final: false }]);
    expect(jsonOf(plan)).toEqual({
      model,
      created_at: "2023-11-14T22:13:20.315000Z",
      message: { role: "assistant", content: "Hello there" },
      done: true,
      done_reason: "stop",
      total_duration: 315_000_000,
      load_duration: 30_000_000,
      prompt_eval_count: 7,
      prompt_eval_duration: 270_000_000,
      eval_count: 2,
      eval_duration: 15_000_000,
    });
  });

  test("as a stream is a line for each token, and one for the counts", () => {
    const plan = open(chat, { model, messages })
      .ask()
      .write(scriptOf(["Hello", " there"]));
    expect(header(plan.head!.headers, "content-type")).toBe("application/x-ndjson");
    expect(framesOf(plan).map(({ atMs, tokens, final }) => [atMs, tokens, final])).toEqual([
      [300, 1, false],
      [315, 1, false],
      [315, 0, true],
    ]);
    expect(textsOf(plan).every((text) => text.endsWith("}\n"))).toBe(true);
    const [first, , last] = linesOf(plan);
    expect(first).toEqual({
      model,
      created_at: "2023-11-14T22:13:20.300000Z",
      message: { role: "assistant", content: "Hello" },
      done: false,
    });
    expect(last).toMatchObject({ message: { role: "assistant", content: "" }, done: true, eval_count: 2 });
  });

  test("that takes seconds has a later time in each line", () => {
    const timing = { ttftMs: 900, atMs: [900, 1100.5, 2000], totalMs: 2000 };
    const plan = open(generate, { model, prompt: "a" })
      .ask()
      .write(scriptOf(["a", "b", "c"], { timing }));
    expect(linesOf(plan).map((line) => (line as { created_at: string }).created_at.slice(17))).toEqual([
      "20.900000Z",
      "21.100500Z",
      "22.000000Z",
      "22.000000Z",
    ]);
  });

  test("with a call that the limit cut leaves it out, and still counts it", () => {
    const script = scriptWith([{ kind: "call", name: "f", tokens: ['{"', "a"], text: '{"a' }], { finish: "length" });
    const tools = [{ type: "function", function: { name: "f" } }];
    const plan = open(chat, { model, messages, tools }).ask().write(script);
    expect(linesOf(plan)).toMatchObject([
      { message: { content: "" }, done: true, done_reason: "length", eval_count: 2 },
    ]);
    expect(framesOf(plan)[0]).toMatchObject({ tokens: 2, final: true });
  });
});

describe("a stream", () => {
  test("is read with the tokens and the end that were planned", () => {
    const parts: Part[] = [
      { kind: "reasoning", tokens: ["h", "m"], text: "hm" },
      { kind: "text", tokens: ["a", "漢"], text: "a漢" },
      { kind: "call", name: "f", tokens: ["{", "}"], text: "{}" },
    ];
    const tools = [{ type: "function", function: { name: "f" } }];
    const plan = open(chat, { model, messages, tools }).ask().write(scriptWith(parts));
    const reader = ollama.readStream("application/x-ndjson")!;
    const frames = reader.push(0, bytesOf(textsOf(plan).join("")));
    expect(frames.map(({ final }) => final)).toEqual(framesOf(plan).map(({ final }) => final));
    // A call is one line; that it has two tokens shows in the count at the end.
    expect(frames.map(({ tokens }) => tokens)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(framesOf(plan).map(({ tokens }) => tokens)).toEqual([1, 1, 1, 1, 2, 0]);
  });

  test("of broken lines is worth nothing", () => {
    const reader = ollama.readStream("application/x-ndjson")!;
    const lines = [`{"done":true`, `{"message":{"content":"\\"done\\":true"},"done":false}`, `[{"done":true}]`, ""];
    const frames = reader.push(0, bytesOf(`${lines.join("\n")}\n`));
    expect(frames.map(({ tokens, final }) => [tokens, final])).toEqual([
      [0, false],
      [1, false],
      [0, false],
      [0, false],
    ]);
  });

  test("is none for another content type", () => {
    expect(ollama.readStream("application/json; charset=utf-8")).toBeUndefined();
  });
});

test("the usage of a whole response is read", () => {
  expect(ollama.readUsage(bytesOf(`{"eval_count":12,"done":true}`))).toBe(12);
  expect(ollama.readUsage(bytesOf(`{"done":true}`))).toBeUndefined();
});

describe("a request is refused with its field", () => {
  const of = (request: object): object => ({ model, messages, ...request });
  test.each<[object, string, string]>([
    [{ messages }, "model", "model is required"],
    [of({ model: 1 }), "model", "json: cannot unmarshal number into Go struct field model of type string"],
    [of({ model: "x".repeat(300) }), "model", "invalid model name"],
    [
      of({ messages: "hi" }),
      "messages",
      "json: cannot unmarshal string into Go struct field messages of type []api.Message",
    ],
    [of({ messages: ["hi"] }), "messages[0]", "json: a message must be an object"],
    [of({ messages: [{ content: "a" }] }), "messages[0].role", "invalid message: role is required"],
    [
      of({ messages: [{ role: "user", content: ["a"] }] }),
      "messages[0].content",
      "json: cannot unmarshal array into Go struct field messages[0].content of type string",
    ],
    [of({ messages: [{ role: "user", images: ["*"] }] }), "messages[0].images", "illegal base64 data at input byte 0"],
    [of({ stream: "yes" }), "stream", "json: cannot unmarshal string into Go struct field stream of type bool"],
    [of({ options: { num_predict: "x" } }), "options.num_predict", 'option "num_predict" must be of type integer'],
    [of({ options: { seed: 1.5 } }), "options.seed", 'option "seed" must be of type integer'],
    [of({ options: { temperature: "x" } }), "options.temperature", 'option "temperature" must be of type float32'],
    [of({ options: { stop: "x" } }), "options.stop", 'option "stop" must be of type array'],
    [of({ options: { stop: [1] } }), "options.stop", 'option "stop" must be of an array of strings'],
    [of({ format: "xml" }), "format", 'invalid format; expected "json" or a valid JSON Schema object'],
    [of({ think: "hard" }), "think", 'invalid think value: must be true, false, "high", "medium" or "low"'],
    [of({ tools: [{}] }), "tools[0].function.name", "invalid tool: tools[0].function needs a name"],
  ])("%j", (request, param, message) => {
    expect(refusal(() => open(chat, request).ask())).toMatchObject({ code: "BODY_INVALID", param, message });
  });

  test("of a prompt", () => {
    const raw = { model, prompt: "a", raw: true, system: "b" };
    expect(refusal(() => open(generate, raw).ask())).toMatchObject({ param: "raw" });
    expect(refusal(() => open(generate, { model, prompt: 1 }).ask())).toMatchObject({ param: "prompt" });
  });

  test("of embeddings", () => {
    const texts = (count: number): string[] => Array.from({ length: count }, () => "a");
    expect(refusal(() => open(embedTexts, { model, input: texts(2049) }).ask())).toMatchObject({ param: "input" });
    expect(() => open(embedTexts, { model, input: texts(2048) }).ask()).not.toThrow();
    expect(refusal(() => open(embedTexts, { model, input: 1 }).ask())).toMatchObject({ param: "input" });
    expect(refusal(() => open(embedTexts, { model, input: [1] }).ask())).toMatchObject({ param: "input" });
    expect(refusal(() => open(embedTexts, { model, dimensions: -1 }).ask())).toMatchObject({ param: "dimensions" });
    expect(refusal(() => open(show, {}).ask())).toMatchObject({ param: "model" });
  });

  test("but not for a limit of none", () => {
    for (const limit of [-2, -1, 0]) {
      expect(open(chat, of({ options: { num_predict: limit } })).ask().maxTokens).toBeUndefined();
    }
    expect(open(chat, of({ options: { num_predict: 5, unknown: 1 } })).ask().maxTokens).toBe(5);
  });
});

test("a model in memory stays there for five minutes", () => {
  const { models } = jsonOf(open(running, "").ask().write(scriptOf([]))) as unknown as { models: object[] };
  expect(models).toMatchObject([{ name: "llama3.2:latest", expires_at: "2023-11-14T22:18:20.000000Z" }]);
});

describe("an error is one text", () => {
  const told = (failure: Omit<Failure, "requestId">) => {
    const { head, body } = ollama.failure({ requestId: "req_1", ...failure });
    return { headers: head.headers, error: (JSON.parse(body) as { error: unknown }).error };
  };

  test.each([400, 401, 404, 418, 429, 500, 503, 599])("for the injected status %i", (status) => {
    expect(told({ status }).error).toEqual(expect.stringMatching(/\w/));
  });

  test("that names an unknown model as the server does", () => {
    expect(told({ status: 404, code: "NOT_FOUND", param: "model", model: "x", message: "No." }).error).toBe(
      "model 'x' not found",
    );
    expect(told({ status: 404, code: "NOT_FOUND", message: "No path." }).error).toBe("No path.");
  });

  test("with a wait where a retry may work", () => {
    expect(header(told({ status: 503 }).headers, "retry-after")).toBe("1");
    expect(header(told({ status: 429, variant: "quota" }).headers, "retry-after")).toBeUndefined();
    expect(told({ status: 429, variant: "quota" }).error).toContain("usage limit");
  });

  test("in a stream is a line", () => {
    expect(ollama.failureEvent({ status: 500, requestId: "", message: "Broken." })).toBe(`{"error":"Broken."}\n`);
  });
});
