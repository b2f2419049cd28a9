import { Ajv2020 } from "ajv/dist/2020.js";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Plan } from "../../src/core/types.ts";
import { chat } from "../../src/core/dialects/openai/chat/index.ts";
import { completions } from "../../src/core/dialects/openai/completions/index.ts";
import { judge } from "../../src/core/dialects/openai/events.ts";
import { isReasoning } from "../../src/core/dialects/openai/reasoning.ts";
import { createSseReader } from "../../src/core/dialects/shared/streams/sse.ts";
import { addedUp, bodyOf, chunksOf, textOf, type Loose } from "../support/chat-stream.ts";
import { simulated } from "../support/simulated.ts";
import { framesOf } from "../support/frames.ts";

const ajv = new Ajv2020({ strict: false });

const weather = {
  type: "object",
  properties: { city: { type: "string" }, unit: { enum: ["c", "f"] }, days: { type: "integer", minimum: 1 } },
  required: ["city", "unit", "days"],
  additionalProperties: false,
};
const person = {
  type: "object",
  properties: { name: { type: "string" }, tags: { type: "array", items: { type: "string", maxLength: 9 } } },
  required: ["name", "tags"],
  additionalProperties: false,
};

const tools = [
  { type: "function", function: { name: "weather", parameters: weather, strict: true } },
  { type: "function", function: { name: "now" } },
  { type: "custom", custom: { name: "shell" } },
  {
    type: "custom",
    custom: { name: "plate", format: { type: "grammar", grammar: { syntax: "regex", definition: "[A-Z]{2}\\d{3}" } } },
  },
];
const named = { type: "function", function: { name: "weather" } };
const allowed = { type: "allowed_tools", allowed_tools: { mode: "required", tools: [named] } };

const called = [
  {
    role: "assistant",
    content: null,
    tool_calls: [{ id: "c1", type: "function", function: { name: "now", arguments: "{}" } }],
  },
  { role: "tool", tool_call_id: "c1", content: "noon" },
];

/** Any valid request, whichever features it mixes. */
const requests = fc
  .record(
    {
      model: fc.constantFrom("gpt-4o", "o3", "gpt-5-mini", 'odd "name"'),
      reasoning_effort: fc.constantFrom("none", "low", "high", null),
      n: fc.integer({ min: 1, max: 3 }),
      max_completion_tokens: fc.integer({ min: 1, max: 60 }),
      stop: fc.constantFrom("e", [" the", "zz"], null, "not said"),
      logprobs: fc.boolean(),
      seed: fc.integer(),
      service_tier: fc.constantFrom("auto", "flex", "priority"),
      parallel_tool_calls: fc.boolean(),
      tool_choice: fc.constantFrom("auto", "none", "required", named, allowed, {
        type: "custom",
        custom: { name: "plate" },
      }),
      tools: fc.constant(tools),
      response_format: fc.constantFrom(
        { type: "text" },
        { type: "json_object" },
        { type: "json_schema", json_schema: { name: "person", schema: person, strict: true } },
      ),
      functions: fc.constant([{ name: "weather", parameters: weather }]),
      function_call: fc.constantFrom("auto", "none", { name: "weather" }),
      answered: fc.boolean(),
      top: fc.integer({ min: 0, max: 20 }),
    },
    { requiredKeys: ["model", "answered", "top"] },
  )
  .map(({ answered, top, ...request }) => {
    const messages = [{ role: "user", content: "Give me JSON" }, ...(answered ? called : [])];
    const { tools: given, functions, tool_choice, parallel_tool_calls, function_call, logprobs, ...rest } = request;
    // Models that reason have none.
    const likely = logprobs === true && !isReasoning(request.model);
    return {
      ...rest,
      messages,
      ...(likely ? { logprobs, top_logprobs: top } : {}),
      ...(given === undefined ? {} : { tools: given, tool_choice, parallel_tool_calls }),
      ...(given === undefined && functions !== undefined ? { functions, function_call } : {}),
    };
  });

const seeds = fc.integer({ min: 0, max: 1000 });

function tokensIn(plan: Plan): number {
  return framesOf(plan).reduce((sum, { tokens }) => sum + tokens, 0);
}

function both(request: object, seed: number): { whole: Plan; stream: Plan } {
  const stream = { ...request, stream: true, stream_options: { include_usage: true } };
  return { whole: simulated(chat, request, seed), stream: simulated(chat, stream, seed) };
}

test("a stream adds up to the choices of the JSON response, and its usage is the same", () => {
  fc.assert(
    fc.property(requests, seeds, (request, seed) => {
      const { whole, stream } = both(request, seed);
      const { choices, usage } = bodyOf(whole);
      const chunks = chunksOf(stream);
      for (const { message } of choices) delete message.annotations;
      expect(addedUp(chunks)).toEqual(choices);
      expect(chunks.at(-1).usage).toEqual(usage);
    }),
    { numRuns: 200 },
  );
});

test("the usage is what was delivered, and the reasoning that is not shown", () => {
  fc.assert(
    fc.property(requests, seeds, (request, seed) => {
      const { whole, stream } = both(request, seed);
      const { usage } = bodyOf(whole);
      expect(tokensIn(whole)).toBe(usage.completion_tokens);
      expect(tokensIn(stream)).toBe(usage.completion_tokens - usage.completion_tokens_details.reasoning_tokens);
      const most = request.max_completion_tokens ?? Infinity;
      expect(usage.completion_tokens).toBeLessThanOrEqual(most * (request.n ?? 1));
    }),
    { numRuns: 200 },
  );
});

test("a stream is read as it was written, its times never go back, and it ends with the JSON response", () => {
  fc.assert(
    fc.property(requests, seeds, (request, seed) => {
      const { whole, stream } = both(request, seed);
      const text = textOf(stream);
      const read = createSseReader(judge).push(0, new TextEncoder().encode(text));
      const worth = (frames: Plan["frames"]): object[] =>
        Array.from(frames).map(({ tokens, final }) => ({ tokens, final }));
      expect(worth(read)).toEqual(worth(stream.frames));
      const times = framesOf(stream).map(({ atMs }) => atMs);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(stream.endAtMs).toBe(whole.endAtMs);
      expect(times.at(-1)).toBe(stream.endAtMs);
    }),
    { numRuns: 200 },
  );
});

test("whole tool calls and whole JSON are valid for their schemas", () => {
  fc.assert(
    fc.property(requests, seeds, (request, seed) => {
      for (const { message, finish_reason: finish } of bodyOf(simulated(chat, { ...request, stop: null }, seed))
        .choices) {
        if (finish === "length") continue;
        const calls: Loose[] = [
          ...(message.tool_calls ?? []),
          ...(message.function_call ? [{ function: message.function_call }] : []),
        ];
        expect(["tool_calls", "function_call"].includes(finish)).toBe(calls.length > 0);
        for (const call of calls) {
          if (call.custom?.name === "plate") expect(call.custom.input).toMatch(/^[A-Z]{2}\d{3}$/);
          if (call.function?.name === "weather") {
            expect(ajv.validate(weather, JSON.parse(call.function.arguments))).toBe(true);
          }
        }
        if (calls.length > 0 || request.response_format === undefined || request.response_format.type === "text")
          continue;
        const value: unknown = JSON.parse(message.content);
        if (request.response_format.type === "json_schema") expect(ajv.validate(person, value)).toBe(true);
        else expect(value).toBeTypeOf("object");
      }
    }),
    { numRuns: 200 },
  );
});

test("a stream of completions adds up to the JSON response, with its logprobs and its usage", () => {
  const request = fc.record(
    {
      model: fc.constant("gpt-3.5-turbo-instruct"),
      prompt: fc.constantFrom<unknown>("Once upon", ["One 漢", "two"], [1, 2, 3], [[1], [2, 3]], null),
      n: fc.integer({ min: 1, max: 3 }),
      max_tokens: fc.integer({ min: 0, max: 30 }),
      echo: fc.boolean(),
      logprobs: fc.integer({ min: 0, max: 5 }),
      stop: fc.constantFrom("e", [" the"]),
    },
    { requiredKeys: ["model", "prompt"] },
  );
  fc.assert(
    fc.property(request, seeds, (given, seed) => {
      const whole = simulated(completions, given, seed);
      const stream = simulated(completions, { ...given, stream: true, stream_options: { include_usage: true } }, seed);
      const { choices, usage } = bodyOf(whole);
      const chunks = chunksOf(stream);
      const texts = choices.map((): string => "");
      const logprobs = choices.map((): Loose => null);
      for (const choice of chunks.flatMap((chunk) => chunk.choices)) {
        texts[choice.index] += choice.text;
        if (choice.logprobs === null) continue;
        const sum = (logprobs[choice.index] ??= { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] });
        for (const [name, list] of Object.entries<Loose>(choice.logprobs)) sum[name].push(...list);
      }
      expect(texts).toEqual(choices.map(({ text }: Loose) => text));
      for (const [index, choice] of choices.entries()) {
        if (choice.logprobs?.tokens.length > 0) expect(logprobs[index]).toEqual(choice.logprobs);
        if (choice.logprobs !== null) expect(choice.logprobs.tokens.join("")).toBe(choice.text);
      }
      expect(chunks.at(-1).usage).toEqual(usage);
      expect([tokensIn(whole), tokensIn(stream)]).toEqual([usage.completion_tokens, usage.completion_tokens]);
    }),
    { numRuns: 200 },
  );
});
