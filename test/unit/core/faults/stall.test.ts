import { expect, test } from "vitest";
import { anthropic } from "../../../../src/core/dialects/anthropic/index.ts";
import { gemini } from "../../../../src/core/dialects/gemini/index.ts";
import { ollama } from "../../../../src/core/dialects/ollama/index.ts";
import { openai } from "../../../../src/core/dialects/openai/index.ts";
import type { Dialect } from "../../../../src/core/dialects/types.ts";
import { bendPlan, prepareFault } from "../../../../src/core/faults/index.ts";
import type { FaultConfig, Plan } from "../../../../src/core/types.ts";
import { made } from "../../../support/frames.ts";
import { apis, responseOf } from "./apis.ts";
import { bend, context, live, simulatedStream, stream, textOf, whole } from "./support.ts";

const comment = ": keep-alive\n\n";

/** The times and texts of what a stall adds to a plan. */
function added(plan: Plan, fault: FaultConfig) {
  const known = new Set(made(plan).frames.map(({ data }) => data));
  return bend(plan, fault)
    .plan.frames.filter(({ data }) => !known.has(data))
    .map(({ atMs, data }) => [atMs, data]);
}

test("a stall without a time falls silent for ever before the first token", () => {
  const { plan, fired } = bend(stream, { kind: "stall" });
  expect(plan.frames).toEqual(stream.frames.slice(0, 1));
  expect([plan.ending, plan.endAtMs, fired]).toEqual(["stall", 100, ["stall"]]);
});

test("after its time all that has piled up comes at once, and the rest in its own rhythm", () => {
  const { plan } = bend(stream, { kind: "stall", forMs: 25, afterTokens: 1 });
  expect(plan.frames.map(({ atMs }) => atMs)).toEqual([100, 100, 125, 125, 130, 140, 140]);
  expect(textOf(plan)).toBe(textOf(stream));
  expect([plan.ending, plan.endAtMs]).toEqual(["finish", 140]);
});

test("a stall that is longer than the rest delays the end", () => {
  const { plan } = bend(stream, { kind: "stall", forMs: 5000, afterTokens: 2 });
  expect([plan.frames.at(-1)?.atMs, plan.endAtMs]).toEqual([5110, 5110]);
});

test("comments are sent at each interval while nothing is said, and no longer", () => {
  const fault = { kind: "stall", forMs: 1000, with: "comments", everyMs: 300, afterTokens: 2 };
  const times = [410, 710, 1010];
  expect(added(stream, fault)).toEqual(times.map((atMs) => [atMs, comment]));
});

test("a stall that never ends goes on with its comments for an hour, then it is silent", () => {
  const { plan } = bend(stream, { kind: "stall", with: "comments", everyMs: 600_000 });
  expect(plan.frames.slice(1).map(({ data }) => data)).toEqual(Array(6).fill(comment));
  expect(plan.ending).toBe("stall");
});

test("a live stream that stalls for ever asks its upstream for no more, and is kept alive all the same", () => {
  const { plan } = live(stream, [{ kind: "stall", with: "comments", everyMs: 600_000 }]);
  expect(plan.frames.slice(1).map(({ data }) => data)).toEqual(Array(6).fill(comment));
});

test("before the head of a stream it waits for the head where something is to be sent", () => {
  const { plan } = bend(stream, { kind: "stall", where: "head", forMs: 250, with: "comments", everyMs: 200 });
  expect([plan.headAtMs, plan.frames[0]?.atMs, plan.frames[0]?.data]).toEqual([20, 220, comment]);
  expect(plan.frames[1]?.atMs).toBe(270);
});

test("before the head it keeps the head back where nothing is to be sent", () => {
  expect(bend(stream, { kind: "stall", where: "head", forMs: 250 }).plan.headAtMs).toBe(270);
});

test("empty deltas are chunks of the same stream without text", () => {
  const stall = prepareFault({ kind: "stall", forMs: 150, with: "emptyDeltas", everyMs: 100, afterTokens: 2 });
  const { frames } = made(bendPlan(simulatedStream, [stall], { ...context(), operation: "chat" }));
  const chunks = frames.flatMap(({ data }) => (String(data).includes('"content":""') ? [String(data)] : []));
  const [first, second] = chunks.map((chunk) => JSON.parse(chunk.slice("data: ".length)) as Record<string, unknown>);
  expect(second).toMatchObject({ id: first?.["id"], object: "chat.completion.chunk" });
  expect(second?.["choices"]).toEqual([{ index: 0, delta: { content: "" }, logprobs: null, finish_reason: null }]);
});

test.each([`event: ping\ndata: {"type": "ping"}\n\n`, ": OPENROUTER PROCESSING\n\n"])(
  "a sign of life of the provider itself does not end the block that empty deltas belong to: %j",
  (sign) => {
    const { plan, about } = responseOf(
      apis.find(({ name }) => name === "messages")!,
      "streamed",
      { reply: { text: "Hello." } },
    );
    const [start, block, ping, ...frames] = made(plan).frames;
    expect(String(ping?.data)).toContain("ping");
    const stall = prepareFault({ kind: "stall", forMs: 150, with: "emptyDeltas", everyMs: 100 });
    const given = { ...plan, frames: [start!, block!, { ...ping!, data: sign }, ...frames] };
    const bent = bendPlan(given, [stall], { ...context(), ...about });
    expect(made(bent).frames[3]?.data).toBe(
      `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":""}}\n\n`,
    );
  },
);

test("before the body of a JSON response comments are blank lines, which JSON allows there", () => {
  const { plan } = bend(whole(`{"a":1}`), { kind: "stall", forMs: 250, with: "comments", everyMs: 100 });
  expect(textOf(plan)).toBe(`\n\n{"a":1}`);
  expect([plan.headAtMs, plan.endAtMs]).toEqual([200, 450]);
});

test("a JSON response has no deltas, so it is silent", () => {
  const { plan, fired } = bend(whole(`{"a":1}`), { kind: "stall", forMs: 250, with: "emptyDeltas", everyMs: 100 });
  expect([textOf(plan), plan.endAtMs, fired]).toEqual([`{"a":1}`, 450, ["stall"]]);
});

/** What a dialect sends in a stall behind an event. */
function sign(
  dialect: Dialect,
  operation: string,
  ...[kind, [type, last]]: readonly [string, readonly [string, string]]
) {
  const plan: Plan = {
    head: { status: 200, headers: ["content-type", type] },
    headAtMs: 0,
    frames: [{ atMs: 10, data: last, tokens: 1, final: false }],
    ending: "finish",
    endAtMs: 20,
  };
  const fault = prepareFault({ kind: "stall", forMs: 150, with: kind, everyMs: 100, afterTokens: 1 });
  const target = type === "application/json" ? "/v1beta/models/g:streamGenerateContent" : "/";
  const bent = bendPlan(plan, [fault], { ...context(), dialect, operation, target, nowMs: 0 });
  return made(bent).frames[1]?.data;
}

const sse = "text/event-stream";

test.each([
  [anthropic, "messages", "pings", [sse, "event: x\ndata: {}\n\n"], `event: ping\ndata: {"type":"ping"}\n\n`],
  [
    anthropic,
    "messages",
    "emptyDeltas",
    [sse, `data: {"type":"content_block_start","index":2,"content_block":{"type":"thinking","thinking":""}}\n\n`],
    `event: content_block_delta\ndata: {"type":"content_block_delta","index":2,"delta":{"type":"thinking_delta","thinking":""}}\n\n`,
  ],
  [
    openai,
    "responses",
    "pings",
    [sse, `data: {"type":"response.created","sequence_number":4}\n\n`],
    `event: keepalive\ndata: {"type":"keepalive","sequence_number":4}\n\n`,
  ],
  [
    openai,
    "responses",
    "emptyDeltas",
    [sse, `data: {"item_id":"m","output_index":0,"content_index":0,"delta":"a","sequence_number":4}\n\n`],
    `event: response.output_text.delta\ndata: {"type":"response.output_text.delta","item_id":"m","output_index":0,"content_index":0,"delta":"","logprobs":[],"sequence_number":4}\n\n`,
  ],
  [
    openai,
    "completions",
    "emptyDeltas",
    [sse, `data: {"id":"c","choices":[{"index":0,"text":"a","finish_reason":null}]}\n\n`],
    `data: {"id":"c","choices":[{"index":0,"text":"","logprobs":null,"finish_reason":null}]}\n\n`,
  ],
  [
    gemini,
    "streamGenerateContent",
    "emptyDeltas",
    ["application/json", `[{"candidates":[],"modelVersion":"g","responseId":"r"}`],
    `,\r\n{"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"index":0}],"modelVersion":"g","responseId":"r"}`,
  ],
  [
    ollama,
    "chat",
    "emptyDeltas",
    ["application/x-ndjson", `{"done":false}\n`],
    `{"model":"gpt-4o","created_at":"1970-01-01T00:00:00.110000Z","message":{"role":"assistant","content":""},"done":false}\n`,
  ],
  [ollama, "chat", "comments", ["application/x-ndjson", `{"done":false}\n`], "\n"],
] as const)(
  "in the dialect $name, operation %s, the stall with %s is in its own form",
  (...[dialect, name, kind, last, wanted]) => {
    expect(sign(dialect, name, kind, last)).toBe(wanted);
  },
);

test.each([
  [openai, "chat"],
  [gemini, "streamGenerateContent"],
  [ollama, "chat"],
])("pings where an API has none are refused with what there is: $name %s", (dialect, operation) => {
  expect(() => sign(dialect, operation, "pings", [sse, "data: {}\n\n"])).toThrow(
    `The fault stall has no pings in the API ${dialect.name} (${operation}); use comments or emptyDeltas.`,
  );
});

test.each([
  [{ everyMs: 500 }, "everyMs needs with, one of comments, pings, emptyDeltas"],
  [{ with: "comments", afterBytes: 10 }, "afterBytes may be inside of an event"],
  [{ with: "bytes" }, "with: must be nothing or comments or pings or emptyDeltas"],
  [{ everyMs: 10, with: "comments" }, "everyMs: must be at least 100"],
])("options that make no sense are refused: %j", (options, message) => {
  expect(() => prepareFault({ kind: "stall", ...options })).toThrow(message);
});
