import { expect, test } from "vitest";
import { bedrock } from "../../../../../src/core/dialects/bedrock/index.ts";
import { encodeChunk } from "../../../../../src/core/dialects/bedrock/envelope.ts";
import { framesOf } from "../../../../support/frames.ts";
import { header, jsonOf, refusal, scriptOf } from "../support.ts";
import { ask, claude, eventsOf } from "./support.ts";

const body = { anthropic_version: "bedrock-2023-05-31", max_tokens: 20, messages: [{ role: "user", content: "Hi" }] };
const stream = "invoke-with-response-stream";

test("a model of Anthropic's responds as it does by its own API, with the counts in headers", () => {
  const plan = ask("invoke", body)
    .ask()
    .write(scriptOf(["Hello", " you"]));
  expect(jsonOf(plan)).toMatchObject({
    type: "message",
    model: "claude-sonnet-4-5-20250929",
    content: [{ type: "text", text: "Hello you" }],
    usage: { output_tokens: 2 },
  });
  expect(header(plan.head!.headers, "x-amzn-bedrock-output-token-count")).toBe("2");
  expect(ask("invoke", body).facts).toMatchObject({ model: claude, stream: false });
});

test("streamed, each of its events is in a chunk; there is no ping, and the last tells what it took", () => {
  const plan = ask(stream, body)
    .ask()
    .write(scriptOf(["Hello", " you"]));
  const events = eventsOf(plan);
  expect(new Set(events.map(({ type }) => type))).toEqual(new Set(["chunk"]));
  expect(events.map(({ json }) => json["type"])).toEqual([
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
  ]);
  expect(events.at(-1)!.json).toMatchObject({
    "amazon-bedrock-invocationMetrics": { outputTokenCount: 2, invocationLatency: 315, firstByteLatency: 300 },
  });
  expect(ask(stream, body).facts).toMatchObject({ model: claude, stream: true });
});

test("a live stream is read as the simulated one was written", () => {
  const frames = framesOf(
    ask(stream, body)
      .ask()
      .write(scriptOf(["Hello", " you"])),
  );
  const read = bedrock
    .readStream("application/vnd.amazon.eventstream")!
    .push(0, Buffer.concat(frames.map(({ data }) => Buffer.from(data))));
  expect(read.map(({ tokens, final }) => [tokens, final])).toEqual(frames.map(({ tokens, final }) => [tokens, final]));
});

test("chunks of other makers' models are counted, and the metrics tell the rest", () => {
  const metrics = { "amazon-bedrock-invocationMetrics": { inputTokenCount: 3, outputTokenCount: 7 } };
  const events = [{ generation: "Hel" }, { generation: "" }, { outputText: "lo" }, { generation: "", ...metrics }];
  const reader = bedrock.readStream("application/vnd.amazon.eventstream")!;
  const read = events.flatMap((event) => reader.push(0, encodeChunk(JSON.stringify(event))));
  expect(read.map(({ tokens, final }) => [tokens, final])).toEqual([
    [1, false],
    [0, false],
    [1, false],
    [5, true],
  ]);
});

test("betas in the body allow what they allow in the header of the API", () => {
  const edited = { ...body, context_management: {}, anthropic_beta: ["context-management-2025-06-27"] };
  expect(ask("invoke", edited).ask().maxTokens).toBe(20);
  expect(refusal(() => ask("invoke", { ...edited, anthropic_beta: undefined }).ask()).message).toBe(
    "context_management: Extra inputs are not permitted",
  );
});

const malformed = (problem: string) =>
  `Malformed input request: #: ${problem}, please reformat your input and try again.`;

test.each<[string, object, string]>([
  [claude, { ...body, model: "m" }, malformed("extraneous key [model] is not permitted")],
  [claude, { ...body, stream: true }, malformed("extraneous key [stream] is not permitted")],
  [claude, { messages: [] }, malformed("required key [anthropic_version] not found")],
  [claude, { ...body, anthropic_version: "new" }, 'anthropic-version: "new" is not a valid version'],
  [claude, { ...body, max_tokens: undefined }, "max_tokens: Field required"],
  [
    "meta.llama3-8b-instruct-v1:0",
    { prompt: "Hi" },
    `Bodies for meta.llama3-8b-instruct-v1:0 are not simulated by InvokeModel, only those with "anthropic_version": "bedrock-2023-05-31". Converse takes any model.`,
  ],
])("for %s, %j is refused", (model, request, message) => {
  expect(refusal(() => ask("invoke", request, { model }).ask())).toMatchObject({ code: "BODY_INVALID", message });
});
