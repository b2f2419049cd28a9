import * as fc from "fast-check";
import { expect, test } from "vitest";
import { StuntdoubleError } from "../../src/core/errors.ts";
import { prepareProfile } from "../../src/core/simulator/profile.ts";
import { simulate } from "../../src/core/simulator/simulate.ts";
import type { Plan } from "../../src/core/types.ts";
import { judge } from "../../src/core/dialects/anthropic/events.ts";
import { countTokens, messages } from "../../src/core/dialects/anthropic/operations.ts";
import { createSseReader } from "../../src/core/dialects/shared/streams/sse.ts";
import { profileOf } from "../support/profile.ts";
import { framesOf } from "../support/frames.ts";

const profile = prepareProfile(profileOf());

const schema = fc.constantFrom<object>(
  { type: "object" },
  { type: "object", properties: { 'k"\u2028é': { type: "string" }, n: { type: "integer" } }, required: ['k"\u2028é'] },
  { type: "object", properties: { list: { type: "array", items: { type: "number" } } }, required: ["list"] },
);
const tools = fc
  .uniqueArray(fc.record({ name: fc.stringMatching(/^[a-z]{1,9}$/), input_schema: schema }), {
    selector: ({ name }) => name,
    maxLength: 3,
  })
  .map((list) => (list.length === 0 ? {} : { tools: list }));
const thinking = fc.constantFrom<object>(
  {},
  { thinking: { type: "adaptive" } },
  { thinking: { type: "adaptive", display: "omitted" } },
  { thinking: { type: "enabled", budget_tokens: 1024 } },
);
const format = fc.oneof(
  fc.constant({}),
  schema.map((each) => ({ output_config: { format: { type: "json_schema", schema: each } } })),
);
const request = fc
  .tuple(
    fc.record({
      model: fc.string({ minLength: 1, maxLength: 20 }),
      max_tokens: fc.oneof(fc.integer({ min: 1025, max: 5000 }), fc.integer({ min: 1025, max: 1030 })),
      messages: fc.constant([{ role: "user", content: "hi" }]),
      stop_sequences: fc.array(fc.constantFrom("the", " a", ".", "ing", "zzz", "{"), { maxLength: 3 }),
    }),
    tools,
    thinking,
    format,
  )
  .map((parts) => Object.assign({}, ...parts) as Record<string, unknown>);

function ask(given: object, stream: boolean) {
  const text = JSON.stringify({ ...given, stream });
  const body = { bytes: new TextEncoder().encode(text), text: () => text };
  const headers = { "anthropic-version": "2026-10-21" };
  return messages.open({ headers, target: messages.route, body, count: (each) => each.length }).ask();
}

function plan(given: object, stream: boolean, { seed, tokens }: { seed: number; tokens: number }): Plan {
  const overrides = { outputTokens: tokens };
  return simulate(
    { ask: ask(given, stream), profile, overrides, seed, inFlight: 1, maxOutputTokens: 250_000 },
    "req_1",
    0,
  );
}

type Event = Readonly<Record<string, never>> & { type: string; index: number; delta: Readonly<Record<string, string>> };
type Block = Record<string, unknown>;
type Message = {
  content: Block[];
  stop_reason: string;
  stop_sequence: string | null;
  usage: { output_tokens: number };
};

/** What a client makes of a stream's events. */
function accumulated(text: string): Message {
  let message: Message | undefined;
  const inputs: string[] = [];
  for (const block of text.split("\n\n").slice(0, -1)) {
    const event = JSON.parse(block.slice(block.indexOf("\ndata: ") + 7)) as Event;
    if (event.type === "message_start") message = (event as unknown as { message: Message }).message;
    if (event.type === "content_block_start") message!.content.push(event["content_block"] as unknown as Block);
    if (event.type === "content_block_delta") {
      const { type: _, ...members } = event.delta;
      const open = message!.content[event.index]!;
      for (const [name, piece] of Object.entries(members)) {
        if (name === "partial_json") inputs[event.index] = (inputs[event.index] ?? "") + piece;
        else open[name] = `${(open[name] as string | undefined) ?? ""}${piece}`;
      }
    }
    if (event.type === "message_delta") {
      const { delta, usage } = event as unknown as { delta: object; usage: object };
      Object.assign(message!, delta);
      Object.assign(message!.usage, usage);
    }
  }
  for (const [index, input] of inputs.entries()) {
    if (input !== undefined) message!.content[index]!["input"] = completed(input);
  }
  return message!;
}

function completed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return {};
  }
}

function textOf(plan: Plan): string {
  return framesOf(plan)
    .map(({ data }) => (typeof data === "string" ? data : new TextDecoder().decode(data)))
    .join("");
}

function tokensOf(frames: Plan["frames"]): number {
  return Array.from(frames).reduce((sum, { tokens }) => sum + tokens, 0);
}

const draw = fc.record({ seed: fc.nat(), tokens: fc.integer({ min: 1, max: 3000 }) });

test("a stream adds up to the message that is not streamed, and both cost the tokens they carry", () => {
  fc.assert(
    fc.property(request, draw, (given, drawn) => {
      const whole = plan(given, false, drawn);
      const streamed = plan(given, true, drawn);
      const message = JSON.parse(textOf(whole)) as Message;
      expect(accumulated(textOf(streamed))).toEqual(message);
      expect(tokensOf(whole.frames)).toBe(message.usage.output_tokens);
      expect(tokensOf(streamed.frames)).toBe(message.usage.output_tokens);
      expect(message.usage.output_tokens).toBeLessThanOrEqual(given["max_tokens"] as number);
    }),
    { numRuns: 60 },
  );
});

test("no stop sequence is in the text of a response, and one that ended it is named", () => {
  fc.assert(
    fc.property(request, draw, (given, drawn) => {
      const message = JSON.parse(textOf(plan(given, false, drawn))) as Message;
      const stops = given["stop_sequences"] as string[];
      const text = message.content.map((block) => (block["type"] === "text" ? String(block["text"]) : "")).join("");
      for (const stop of stops) expect(text).not.toContain(stop);
      expect(message.stop_reason === "stop_sequence").toBe(message.stop_sequence !== null);
      if (message.stop_sequence !== null) expect(stops).toContain(message.stop_sequence);
    }),
    { numRuns: 60 },
  );
});

test("however a stream is split, it is read as the frames it was planned in", () => {
  fc.assert(
    fc.property(request, draw, fc.array(fc.nat(), { maxLength: 30 }), (given, drawn, at) => {
      // Thoughts that are not shown are tokens that no reader can count.
      fc.pre(!JSON.stringify(given).includes("omitted"));
      const streamed = plan(given, true, { ...drawn, tokens: Math.min(drawn.tokens, 200) });
      const bytes = new TextEncoder().encode(textOf(streamed));
      const edges = [0, ...at.map((each) => each % bytes.length).sort((a, b) => a - b), bytes.length];
      const reader = createSseReader(judge);
      const read = edges.slice(1).flatMap((edge, index) => reader.push(0, bytes.subarray(edges[index], edge)));
      expect(reader.flush(0)).toBeUndefined();
      expect(read.map(({ data, tokens, final }) => [Buffer.from(data).toString(), tokens, final])).toEqual(
        framesOf(streamed).map(({ data, tokens, final }) => [data, tokens, final]),
      );
    }),
    { numRuns: 60 },
  );
});

test.each([messages, countTokens])("any request of $name is answered or refused with BODY_INVALID", (operation) => {
  const names = ["model", "messages", "max_tokens", "system", "tools", "tool_choice", "thinking", "stop_sequences"];
  const block = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.record(
      {
        type: fc.constantFrom("text", "image", "document", "tool_use", "tool_result", "__proto__", "constructor"),
        text: fc.jsonValue({ maxDepth: 1 }),
        content: fc.jsonValue({ maxDepth: 3 }),
        source: fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.record({ type: fc.constantFrom("url", "toString") })),
        cache_control: fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constant({ type: "ephemeral" })),
      },
      { requiredKeys: [] },
    ),
  );
  const message = fc.record({
    role: fc.constantFrom("user", "assistant", "system", "x"),
    content: fc.oneof(fc.string(), fc.array(block)),
  });
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 4 }),
    fc.array(message, { maxLength: 3 }),
    fc.array(block, { maxLength: 2 }),
    fc.constantFrom("claude", 2000, { type: "any" }, { type: "adaptive" }),
  );
  const base = { model: "m", max_tokens: 2000, messages: [{ role: "user", content: "hi" }] };
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 8 }), fc.boolean(), (given, large) => {
      const text = JSON.stringify({ ...base, ...given, ...(large && { metadata: { padding: "x".repeat(17_000) } }) });
      const body = { bytes: new TextEncoder().encode(text), text: () => text };
      const headers = { "anthropic-version": "2023-06-01" };
      try {
        const opened = operation.open({ headers, target: operation.route, body, count: (each) => each.length });
        opened.facts.lastUserMessage();
        expect(opened.facts.promptTokens()).toBeGreaterThanOrEqual(3);
        opened.ask();
      } catch (error) {
        if (!(error instanceof StuntdoubleError)) throw error;
        expect(error.code).toBe("BODY_INVALID");
      }
    }),
    { numRuns: 400 },
  );
});
