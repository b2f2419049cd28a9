import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import * as fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { cohere } from "../../src/core/dialects/cohere/index.ts";
import { findOperation } from "../../src/core/dialects/index.ts";
import type { Plan } from "../../src/core/types.ts";
import { runs } from "../support/any-request.ts";
import type { Loose } from "../support/chat-stream.ts";
import { framesOf } from "../support/frames.ts";
import { eventsOf, judgeOf, type SchemaJudge } from "../support/openapi/document.ts";
import type { Schema, Schemas } from "../support/openapi/alternatives.ts";
import { describeWith } from "../support/programs/missing.ts";
import { pythonWith } from "../support/programs/index.ts";
import { simulated } from "../support/simulated.ts";

/** What the provider sends and its client does not declare. */
const open = /^ChatMessageStartEventDeltaMessage$|StreamedChatResponse$/;

/** The same schemas, which take no member that they do not name. */
function closed(schemas: Schemas): Schemas {
  const close = ([name, schema]: [string, Schema]): [string, Schema] =>
    open.test(name) || schema["properties"] === undefined
      ? [name, schema]
      : [name, { ...schema, additionalProperties: false }];
  return Object.fromEntries(Object.entries(schemas).map(close));
}

const weather = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const user = { role: "user", content: "Hello" };
const tools = [{ type: "function", function: { name: "weather", parameters: weather } }];
const asked = { role: "assistant", tool_calls: [{ id: "c", type: "function", function: { name: "weather" } }] };
const result = {
  role: "tool",
  tool_call_id: "c",
  content: [{ type: "document", document: { data: { text: "Sun" } } }],
};

/** What makes a response another, as far as it can be combined. */
const forms = fc.oneof(
  fc.constant({}),
  fc.record({ tools: fc.constant(tools), tool_choice: fc.constantFrom(undefined, "REQUIRED", "NONE") }),
  fc.constant({ response_format: { type: "json_object", json_schema: weather } }),
  fc.constant({ response_format: { type: "json_object" } }),
  fc.record({
    documents: fc.constantFrom(["One."], [{ id: "d", data: { text: "Two." } }]),
    citation_options: fc.constantFrom(undefined, { mode: "OFF" }, { mode: "FAST" }),
  }),
);
const chats = fc
  .record({
    model: fc.constantFrom("command-a-03-2025", "command-a-reasoning-08-2025"),
    messages: fc.constantFrom([user], [{ role: "system", content: "Be brief" }, user], [user, asked, result]),
    max_tokens: fc.constantFrom(undefined, 1, 7, 500),
    stop_sequences: fc.constantFrom(undefined, [" the"], ["a", "."]),
    thinking: fc.constantFrom(undefined, { type: "enabled", token_budget: 5 }, { type: "disabled" }),
  })
  .chain((common) => forms.map((form) => ({ ...common, ...form })));
const oldChats = fc.record({
  message: fc.constantFrom("Hello", "Say the city"),
  chat_history: fc.constantFrom(undefined, [
    { role: "USER", message: "Hi" },
    { role: "CHATBOT", message: "Ho" },
  ]),
  max_tokens: fc.constantFrom(undefined, 1, 7),
  stop_sequences: fc.constantFrom(undefined, [" the"]),
  tools: fc.constantFrom(undefined, [
    { name: "weather", parameter_definitions: { city: { type: "str", required: true } } },
  ]),
});

function ask(method: string, route: string, request: object, seed = 1): Plan {
  const { operation } = findOperation(method, route, { "x-fern-sdk-name": "cohere" });
  return simulated(operation!, request, seed, { outputTokens: 30 });
}

function textOf(plan: Plan): string {
  return Buffer.concat(framesOf(plan).map(({ data }) => Buffer.from(data))).toString();
}

/** What the events of a chat say, put together as a whole response tells it. */
function put(events: readonly Loose[]): Loose {
  const content = new Map<number, Loose>();
  const calls = new Map<number, Loose>();
  let plan = "";
  const citations: Loose[] = [];
  for (const { type, index, delta } of events) {
    const message = delta?.message;
    if (type === "content-start") content.set(index, message.content);
    if (type === "content-delta") {
      const { type: kind, ...said } = content.get(index)!;
      content.set(index, { type: kind, [kind]: said[kind] + message.content[kind] });
    }
    if (type === "tool-plan-delta") plan += message.tool_plan;
    if (type === "tool-call-start") calls.set(index, message.tool_calls);
    if (type === "tool-call-delta") {
      const call = calls.get(index)!;
      const text = call["function"].arguments + message.tool_calls.function.arguments;
      calls.set(index, { ...call, function: { ...call["function"], arguments: text } });
    }
    if (type === "citation-start") citations.push(message.citations);
  }
  const { finish_reason: reason, usage } = events.at(-1)!["delta"];
  const message = {
    role: "assistant",
    ...(plan !== "" && { tool_plan: plan }),
    ...(calls.size > 0 && { tool_calls: [...calls.values()] }),
    ...((content.size > 0 || calls.size === 0) && { content: [...content.values()] }),
    ...(citations.length > 0 && { citations }),
  };
  return { id: events[0]!["id"], message, finish_reason: reason, usage };
}

describeWith(
  "Python cohere client",
  pythonWith("cohere"),
  "any request that the cohere client for Python can send",
  (python) => {
    let judge: SchemaJudge;
    beforeAll(async () => {
      const script = path.join(import.meta.dirname, "cohere_schemas.py");
      const { stdout } = await promisify(execFile)(python, [script], { maxBuffer: 10_000_000 });
      judge = judgeOf(closed(JSON.parse(stdout) as Schemas));
    }, 60_000);

    test("to chat gets a response that it declares, the same streamed as whole, with the tokens that it counts", () => {
      fc.assert(
        fc.property(chats, fc.nat(1000), (request, seed) => {
          const whole = textOf(ask("POST", "/v2/chat", request, seed));
          const plan = ask("POST", "/v2/chat", { ...request, stream: true }, seed);
          expect(judge.errors("V2ChatResponse", JSON.parse(whole))).toEqual([]);
          const events = eventsOf(textOf(plan)) as Loose[];
          for (const event of events) expect(judge.errors("V2ChatStreamResponse", event)).toEqual([]);
          expect(put(events)).toEqual(JSON.parse(whole));
          const frames = cohere.readStream("text/event-stream")!.push(0, Buffer.from(textOf(plan)));
          const counted = frames.reduce((sum, { tokens }) => sum + tokens, 0);
          expect(counted).toBe(cohere.readUsage(Buffer.from(whole)));
          expect(frames.map(({ tokens, final }) => [tokens, final])).toEqual(
            framesOf(plan).map(({ tokens, final }) => [tokens, final]),
          );
        }),
        runs,
      );
    });

    test("to chat in the first version gets a response that it declares, the same streamed as whole", () => {
      fc.assert(
        fc.property(oldChats, fc.nat(1000), (request, seed) => {
          const whole: Loose = JSON.parse(textOf(ask("POST", "/v1/chat", request, seed)));
          const plan = ask("POST", "/v1/chat", { ...request, stream: true }, seed);
          expect(judge.errors("NonStreamedChatResponse", whole)).toEqual([]);
          const lines = textOf(plan).trimEnd().split("\n");
          for (const line of lines) expect(judge.errors("StreamedChatResponse", JSON.parse(line))).toEqual([]);
          const events: Loose[] = lines.map((line) => JSON.parse(line));
          expect(events.at(-1)!["response"]).toEqual(whole);
          expect(
            events.flatMap(({ event_type: type, text }) => (type === "text-generation" ? [text] : [])).join(""),
          ).toBe(whole["text"]);
          const frames = cohere.readStream("application/stream+json")!.push(0, Buffer.from(textOf(plan)));
          expect(frames.map(({ tokens, final }) => [tokens, final])).toEqual(
            framesOf(plan).map(({ tokens, final }) => [tokens, final]),
          );
        }),
        runs,
      );
    });

    const texts = { texts: ["a", "b"], input_type: "search_query", model: "embed-v4.0" };
    const ranking = { model: "rerank-v3.5", query: "a", documents: ["a", "b"] };
    test.each<[schema: string, method: string, route: string, request: object]>([
      ["EmbedResponse", "POST", "/v2/embed", { ...texts, embedding_types: ["float", "int8", "binary", "base64"] }],
      ["EmbedResponse", "POST", "/v1/embed", texts],
      ["V2RerankResponse", "POST", "/v2/rerank", ranking],
      ["RerankResponse", "POST", "/v1/rerank", { ...ranking, return_documents: true }],
      ["ListModelsResponse", "GET", "/v1/models", {}],
      ["GetModelResponse", "GET", "/v1/models/embed-v4.0", {}],
      ["TokenizeResponse", "POST", "/v1/tokenize", { model: "command-r", text: "Hello" }],
      ["DetokenizeResponse", "POST", "/v1/detokenize", { model: "command-r", tokens: [13225] }],
      ["CheckApiKeyResponse", "POST", "/v1/check-api-key", {}],
    ])("gets the %s of %s %s", (schema, method, route, request) => {
      expect(judge.errors(schema, JSON.parse(textOf(ask(method, route, request))))).toEqual([]);
    });
  },
);
