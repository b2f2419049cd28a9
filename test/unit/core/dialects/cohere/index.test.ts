import { describe, expect, test } from "vitest";
import { chat } from "../../../../../src/core/dialects/cohere/chat.ts";
import { chatV1 } from "../../../../../src/core/dialects/cohere/chat-v1.ts";
import { embedV1, embedV2 } from "../../../../../src/core/dialects/cohere/embeddings.ts";
import { cohere } from "../../../../../src/core/dialects/cohere/index.ts";
import { models, tokenize } from "../../../../../src/core/dialects/cohere/models.ts";
import { rerankV1, rerankV2 } from "../../../../../src/core/dialects/cohere/rerank.ts";
import { findOperation, operationFinder } from "../../../../../src/core/dialects/index.ts";
import type { Failure } from "../../../../../src/core/dialects/types.ts";
import type { Plan } from "../../../../../src/core/types.ts";
import { framesOf } from "../../../../support/frames.ts";
import { bytesOf, header, jsonOf, open, partOf, scriptOf, scriptWith, textsOf, type Json } from "../support.ts";

const model = "command-a-03-2025";
const messages = [{ role: "user", content: "one two three" }];
const request = { model, messages };
const tools = [{ type: "function", function: { name: "f", parameters: { type: "object" } } }];
const usage = {
  billed_units: { input_tokens: 3, output_tokens: 2 },
  tokens: { input_tokens: 7, output_tokens: 2 },
  cached_tokens: 0,
};

function bodyOf(plan: Plan): string {
  return textsOf(plan).join("");
}

/** The JSON of each event of a stream, without `[DONE]`. */
function eventsOf(plan: Plan): Json[] {
  return textsOf(plan)
    .filter((text) => text.startsWith("event: "))
    .map((text) => JSON.parse(text.slice(text.indexOf("data: ") + "data: ".length)) as Json);
}

describe("paths", () => {
  test.each([
    ["POST", "/v2/chat", "chat"],
    ["POST", "/v1/chat", "chat-v1"],
    ["POST", "/v2/embed", "embed"],
    ["POST", "/v1/embed", "embed"],
    ["POST", "/v2/rerank", "rerank"],
    ["POST", "/v1/rerank", "rerank"],
    ["POST", "/v1/tokenize", "tokenize"],
    ["POST", "/v1/detokenize", "detokenize"],
    ["POST", "/v1/check-api-key", "check-api-key"],
  ])("%s %s is the operation %s", (method, path, name) => {
    expect(findOperation(method, path, {})).toMatchObject({ dialect: { name: "cohere" }, operation: { name } });
  });

  test("/v2/parse is Cohere's, but cannot be simulated", () => {
    expect(findOperation("POST", "/v2/parse", {})).toMatchObject({ dialect: { name: "cohere" }, operation: undefined });
  });

  test.each(["/v1/models", "/v1/models/command-a-03-2025"])("%s is Cohere's for its own client", (path) => {
    for (const headers of [{ "x-fern-sdk-name": "cohere" }, { "user-agent": "cohere/7.3.1" }]) {
      expect(findOperation("GET", path, headers).dialect.name).toBe("cohere");
    }
    expect(findOperation("GET", path, { "user-agent": "curl/8.0" }).dialect.name).toBe("openai");
  });

  test("/v1/models is Cohere's where the only upstream is", () => {
    const find = operationFinder(new Map([["one", { dialect: "cohere" }]]));
    expect(find("GET", "/v1/models", {})).toMatchObject({ dialect: { name: "cohere" }, operation: { name: "models" } });
  });
});

test("facts of a chat", () => {
  const { facts } = open(chat, { ...request, messages: [...messages, { role: "assistant", content: "four" }], tools });
  expect(facts).toMatchObject({ model, stream: false });
  expect(facts.lastUserMessage()).toBe("one two three");
  expect(facts.conversation?.()).toMatchObject({ messages: 2, toolNames: ["f"] });
  expect(facts.promptTokens()).toBe(2 * 4 + 4 + 1);
});

describe("a response", () => {
  test("has the provider's members, and its trace id", () => {
    const plan = open(chat, request)
      .ask()
      .write(scriptOf(["Hello", " there"]));
    expect(header(plan.head!.headers, "x-debug-trace-id")).toBe("req_0123456789");
    expect(plan.frames).toMatchObject([{ atMs: 315, tokens: 2, final: false }]);
    expect(jsonOf(plan)).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      message: { role: "assistant", content: [{ type: "text", text: "Hello there" }] },
      finish_reason: "COMPLETE",
      usage,
    });
  });

  test("as a stream opens with the first token, and ends with its usage and [DONE]", () => {
    const plan = open(chat, { ...request, stream: true })
      .ask()
      .write(scriptOf(["Hello", " there"]));
    expect(framesOf(plan).map(({ atMs, tokens, final }) => [atMs, tokens, final])).toEqual([
      [300, 0, false],
      [300, 0, false],
      [300, 1, false],
      [315, 1, false],
      [315, 0, false],
      [315, 0, true],
      [315, 0, true],
    ]);
    expect(textsOf(plan).at(-1)).toBe("data: [DONE]\n\n");
    const id = jsonOf(open(chat, request).ask().write(scriptOf([])))["id"];
    const opened = { role: "assistant", content: [], tool_plan: "", tool_calls: [], citations: [] };
    expect(eventsOf(plan)).toEqual([
      { id, type: "message-start", delta: { message: opened } },
      { type: "content-start", index: 0, delta: { message: { content: { type: "text", text: "" } } } },
      { type: "content-delta", index: 0, delta: { message: { content: { text: "Hello" } } } },
      { type: "content-delta", index: 0, delta: { message: { content: { text: " there" } } } },
      { type: "content-end", index: 0 },
      { type: "message-end", delta: { finish_reason: "COMPLETE", usage } },
    ]);
  });

  test("is streamed as lines to those who accept only JSON, as LiteLLM does", () => {
    const asked = { ...request, stream: true };
    const script = scriptOf(["Hello", " there"]);
    const lines = open(chat, asked, { headers: { accept: "application/json" } })
      .ask()
      .write(script);
    expect(header(lines.head!.headers, "content-type")).toBe("application/stream+json");
    const events = open(chat, asked).ask().write(script);
    expect(textsOf(lines).map((text) => JSON.parse(text) as Json)).toEqual(eventsOf(events));
    const read = cohere.readStream("application/stream+json")!.push(0, bytesOf(bodyOf(lines)));
    expect(read.map(({ tokens, final }) => [tokens, final])).toEqual(
      framesOf(lines).map(({ tokens, final }) => [tokens, final]),
    );
  });

  const planned = scriptWith([
    partOf("reasoning", "I", " ask"),
    { kind: "call", name: "f", tokens: ["{", "}"], text: "{}" },
  ]);

  test("plans in words before it calls tools", () => {
    const plan = open(chat, { ...request, tools })
      .ask()
      .write(planned);
    expect(jsonOf(plan)).toMatchObject({
      message: {
        role: "assistant",
        tool_plan: "I ask",
        tool_calls: [
          { id: expect.stringMatching(/^f_[0-9a-z]{12}$/), type: "function", function: { name: "f", arguments: "{}" } },
        ],
      },
      finish_reason: "TOOL_CALL",
    });
    const events = eventsOf(
      open(chat, { ...request, tools, stream: true })
        .ask()
        .write(planned),
    );
    expect(events.map(({ type }) => type)).toEqual([
      "message-start",
      "tool-plan-delta",
      "tool-plan-delta",
      "tool-call-start",
      "tool-call-delta",
      "tool-call-delta",
      "tool-call-end",
      "message-end",
    ]);
  });

  test("of a model that thinks has its thoughts beside the call instead", () => {
    const plan = open(chat, { ...request, tools, thinking: { type: "enabled" } })
      .ask()
      .write(planned);
    const message = jsonOf(plan)["message"]!;
    expect(message).toMatchObject({ content: [{ type: "thinking", thinking: "I ask" }], tool_calls: [{}] });
    expect(message["tool_plan"]).toBeUndefined();
  });

  test("cites the first document for its first sentence, unless it is told not to", () => {
    const documents = [{ id: "d", data: { title: "A" } }];
    const script = scriptOf(["It", " is. So", " there."]);
    const write = (more: object): Json =>
      jsonOf(
        open(chat, { ...request, documents, ...more })
          .ask()
          .write(script),
      )["message"]!;
    const source = { type: "document", id: "d", document: { id: "d", title: "A" } };
    expect(write({})).toMatchObject({
      citations: [{ start: 0, end: 5, text: "It is", sources: [source], type: "TEXT_CONTENT" }],
    });
    expect(write({ citation_options: { mode: "OFF" } })["citations"]).toBeUndefined();
  });

  test("that meets a stop sequence ends before it", () => {
    const plan = open(chat, { ...request, stop_sequences: ["the"] })
      .ask()
      .write(scriptOf(["Hello", " there"]));
    expect(jsonOf(plan)).toMatchObject({ message: { content: [{ text: "Hello " }] }, finish_reason: "STOP_SEQUENCE" });
  });

  test("that the limit cut off says so", () => {
    const plan = open(chat, request)
      .ask()
      .write(scriptOf(["Hello"], { finish: "length" }));
    expect(jsonOf(plan)).toMatchObject({ finish_reason: "MAX_TOKENS" });
  });
});

test("models made to reason think unless they are told not to, and a budget limits it", () => {
  const parts = (more: object) =>
    open(chat, { ...request, ...more })
      .ask()
      .compose?.(100, scriptOf([]).rng)
      .map(({ kind, tokens, count }) => [kind, count ?? tokens.length]);
  const reasoning = "command-a-reasoning-08-2025";
  expect(parts({ model: reasoning })?.[0]?.[0]).toBe("reasoning");
  expect(parts({ model: reasoning, thinking: { type: "disabled" } })).toBeUndefined();
  expect(parts({ thinking: { type: "enabled", token_budget: 10 } })?.[0]).toEqual(["reasoning", 10]);
});

describe("the first version", () => {
  const old = { message: "one two", chat_history: [{ role: "USER", message: "zero" }] };

  test("has the text, the conversation and the tokens", () => {
    const plan = open(chatV1, old)
      .ask()
      .write(scriptOf(["Hello", " there"]));
    const tokens = { input_tokens: 3, output_tokens: 2 };
    expect(jsonOf(plan)).toMatchObject({
      text: "Hello there",
      chat_history: [
        { role: "USER", message: "zero" },
        { role: "USER", message: "one two" },
        { role: "CHATBOT", message: "Hello there" },
      ],
      finish_reason: "COMPLETE",
      meta: { api_version: { version: "1" }, billed_units: tokens, tokens },
    });
  });

  test("streams a line for each token, and the whole response in the last", () => {
    const plan = open(chatV1, { ...old, stream: true })
      .ask()
      .write(scriptOf(["Hello", " there"]));
    const lines = textsOf(plan).map((text) => JSON.parse(text) as Json);
    expect(lines.map((line) => [line["event_type"], line["text"], line["is_finished"]])).toEqual([
      ["stream-start", undefined, false],
      ["text-generation", "Hello", false],
      ["text-generation", " there", false],
      ["stream-end", undefined, true],
    ]);
    expect(lines.at(-1)).toMatchObject({ finish_reason: "COMPLETE", response: { text: "Hello there" } });
    const read = cohere.readStream("application/stream+json")!.push(0, bytesOf(textsOf(plan).join("")));
    expect(read.map(({ tokens, final }) => [tokens, final])).toEqual(
      framesOf(plan).map(({ tokens, final }) => [tokens, final]),
    );
  });

  test("calls tools whose parameters have Python's types", () => {
    const tool = { name: "f", parameter_definitions: { n: { type: "int", required: true } } };
    const [part] = open(chatV1, { ...old, tools: [tool] }).ask().compose!(20, scriptOf([]).rng);
    expect([part?.kind, part?.text]).toEqual(["call", expect.stringMatching(/^\{"n":-?\d+\}$/)]);
  });
});

describe("vectors", () => {
  const embedded = (body: object): Json => jsonOf(open(embedV2, body).ask().write(scriptOf([])));
  const v4 = { model: "embed-v4.0", input_type: "search_query", texts: ["a", "b"] };

  test("have each of the types that are wanted", () => {
    const types = ["float", "int8", "uint8", "binary", "ubinary", "base64"];
    const response = embedded({ ...v4, embedding_types: types, output_dimension: 256 });
    const { embeddings }: { embeddings: Record<string, (readonly number[] | string)[]> } = JSON.parse(
      JSON.stringify(response),
    );
    expect(types.map((type) => embeddings[type]!.length)).toEqual(types.map(() => 2));
    expect([embeddings["float"]![0]!.length, embeddings["binary"]![0]!.length]).toEqual([256, 32]);
    for (const [type, low, high] of [
      ["int8", -128, 127],
      ["uint8", 0, 255],
      ["binary", -128, 127],
      ["ubinary", 0, 255],
    ] as const) {
      const numbers = Array.from(embeddings[type]![0]!, Number);
      expect(numbers.every((each) => Number.isInteger(each) && each >= low && each <= high)).toBe(true);
    }
    expect(Buffer.from(String(embeddings["base64"]![0]), "base64").length).toBe(256 * 4);
    expect(response).toMatchObject({
      response_type: "embeddings_by_type",
      meta: { billed_units: { input_tokens: 2 } },
    });
  });

  test("are floats where no type is named", () => {
    expect(embedded(v4)).toMatchObject({
      response_type: "embeddings_by_type",
      embeddings: { float: [[], []].map(() => expect.any(Array) as number[]) },
    });
  });

  test("are a plain list in the first version where no type is named", () => {
    const plan = open(embedV1, { texts: ["a"], model: "embed-english-v3.0", input_type: "classification" });
    const response: { embeddings: number[][] } = JSON.parse(bodyOf(plan.ask().write(scriptOf([]))));
    expect([response.embeddings.length, response.embeddings[0]!.length]).toEqual([1, 1024]);
    expect(response).toMatchObject({ response_type: "embeddings_floats", texts: ["a"] });
  });

  test("are of images as well", () => {
    const image = { ...v4, texts: undefined, images: ["data:image/png;base64,aGk="], input_type: "image" };
    expect(embedded({ ...image, embedding_types: ["float"] })).toMatchObject({ meta: { billed_units: { images: 1 } } });
  });
});

test("documents are ranked by what they share with the query, the most alike first", () => {
  const body = { model: "rerank-v3.5", query: "red apples", documents: ["a car", "some red apples", "red wine"] };
  const plan = open(rerankV2, { ...body, top_n: 2 }).ask();
  const { results, meta }: { results: Record<string, number>[]; meta: Json } = JSON.parse(
    bodyOf(plan.write(scriptOf([]))),
  );
  expect(results.map(({ index }) => index)).toEqual([1, 2]);
  expect(results.every(({ relevance_score: score }) => score! >= 0 && score! <= 1)).toBe(true);
  expect(meta).toMatchObject({ billed_units: { search_units: 1 } });
  const old = open(rerankV1, { ...body, return_documents: true }).ask();
  expect(jsonOf(old.write(scriptOf([])))).toMatchObject({
    results: [{ document: { text: "some red apples" } }, {}, {}],
  });
});

test("models come page by page, for the endpoint that is asked for", () => {
  const page = (target: string): Json => jsonOf(open(models, "", { target }).ask().write(scriptOf([])));
  const first = page("/v1/models?page_size=1&endpoint=embed");
  expect(first).toMatchObject({ models: [{ name: "embed-v4.0", endpoints: ["embed"] }], next_page_token: "1" });
  expect(page("/v1/models?page_size=1&endpoint=embed&page_token=1")).not.toEqual(first);
});

test("a text is told in its tokens", () => {
  const response = jsonOf(open(tokenize, { model, text: "Hello there" }).ask().write(scriptOf([])));
  expect(response["token_strings"]!.map(String).join("")).toBe("Hello there");
});

describe("a failure", () => {
  test.each<[Partial<Failure> & { status: number }, string]>([
    [{ status: 401 }, "invalid api token"],
    [{ status: 401, code: "UNAUTHENTICATED", detail: "missing" }, "no api key supplied"],
    [
      { status: 404, model: "xyz" },
      "model 'xyz' not found, make sure the correct model ID was used and that you have access to the model.",
    ],
    [{ status: 429 }, "Please wait and try again later"],
    [{ status: 500 }, "internal server error, please try again later"],
    [{ status: 400, code: "BODY_INVALID", message: "invalid request: no" }, "invalid request: no"],
  ])("of %j says: %s", (failure, message) => {
    const { head, body } = cohere.failure({ ...failure, requestId: "req_1" });
    expect(JSON.parse(body)).toEqual({ id: expect.stringMatching(/^[0-9a-f-]{36}$/), message });
    expect(header(head.headers, "x-debug-trace-id")).toBe("req_1");
  });

  test("in a stream is its last event", () => {
    const failure = { status: 500, requestId: "req_1" };
    const error = "internal server error, please try again later";
    const event = cohere.failureEvent(failure, { operation: "chat", events: 3 });
    expect(event).toBe(
      `event: message-end\ndata: {"type":"message-end","delta":{"error":"${error}","finish_reason":"ERROR"}}\n\n`,
    );
    expect(JSON.parse(String(cohere.failureEvent(failure, { operation: "chat-v1", events: 3 })))).toMatchObject({
      is_finished: true,
      event_type: "stream-end",
      finish_reason: "ERROR",
    });
  });
});

test.each([
  ["chat", "content-start", "thinking", "thinking"],
  ["chat", "content-delta", "text", "text"],
])("what %s sends while nothing is said after %s is an empty delta of %s", (operation, type, member, name) => {
  const make = cohere.keepAlive!("emptyDeltas", operation);
  const last = `event: ${type}\ndata: ${JSON.stringify({ type, index: 1, delta: { message: { content: { [member]: "" } } } })}\n\n`;
  const moment = { last, model, requestId: "req_1", nowMs: 0 };
  const sent = typeof make === "function" ? make(moment) : undefined;
  expect(sent).toContain(`{"type":"content-delta","index":1,"delta":{"message":{"content":{"${name}":""}}}}`);
  expect(cohere.keepAlive!("pings", operation)).toBe("none");
});
