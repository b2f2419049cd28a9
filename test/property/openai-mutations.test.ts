import * as fc from "fast-check";
import { expect, test } from "vitest";
import { StuntdoubleError } from "../../src/core/errors.ts";
import { chat } from "../../src/core/dialects/openai/chat/index.ts";
import { completions } from "../../src/core/dialects/openai/completions/index.ts";
import type { Operation } from "../../src/core/dialects/types.ts";
import { simulated } from "../support/simulated.ts";
import { framesOf } from "../support/frames.ts";

const schema = {
  type: "object",
  properties: {
    a: { type: "array", items: { $ref: "#" }, minItems: 1 },
    b: { type: ["string", "null"], pattern: "^x+$" },
  },
  required: ["b"],
  additionalProperties: { anyOf: [{ type: "integer", minimum: 1 }, { enum: ["x", 2] }] },
};
const common = { model: "gpt-4o", stop: ["e"], stream: true, stream_options: { include_usage: true }, seed: 1 };
const requests: readonly (readonly [Operation, object])[] = [
  [
    chat,
    {
      ...common,
      messages: [
        { role: "system", content: "json" },
        {
          role: "user",
          content: [
            { type: "text", text: "hi" },
            { type: "image_url", image_url: { url: "u", detail: "low" } },
            { type: "input_audio", input_audio: { data: "AAAA", format: "mp3" } },
            { type: "file", file: { file_data: "AAAA" } },
          ],
        },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }],
        },
        { role: "tool", tool_call_id: "c", content: "4" },
      ],
      tools: [
        { type: "function", function: { name: "f", description: "d", parameters: schema, strict: false } },
        {
          type: "custom",
          custom: { name: "c", format: { type: "grammar", grammar: { syntax: "regex", definition: "a|b" } } },
        },
      ],
      tool_choice: {
        type: "allowed_tools",
        allowed_tools: { mode: "required", tools: [{ type: "custom", custom: { name: "c" } }] },
      },
      parallel_tool_calls: true,
      n: 2,
    },
  ],
  [
    chat,
    {
      ...common,
      messages: [{ role: "user", content: "hi" }],
      response_format: { type: "json_schema", json_schema: { name: "s", strict: false, schema } },
      logprobs: true,
      top_logprobs: 2,
      max_completion_tokens: 9,
      service_tier: "flex",
      modalities: ["text"],
      metadata: { a: "b" },
      prediction: { type: "content", content: "x" },
      reasoning_effort: "low",
    },
  ],
  [
    chat,
    {
      ...common,
      messages: [{ role: "user", content: "hi" }],
      functions: [{ name: "f", parameters: schema }],
      function_call: { name: "f" },
    },
  ],
  [
    completions,
    { ...common, prompt: ["a", "b"], echo: true, logprobs: 2, n: 2, best_of: 2, suffix: "x", max_tokens: 5 },
  ],
];

/** The places of a JSON value, each the names that lead to it. */
function placesIn(value: unknown, at: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([name, each]) => placesIn(each, [...at, name]))];
}

function replaced(value: unknown, [name, ...rest]: readonly string[], by: unknown): unknown {
  if (name === undefined) return by;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string, unknown>;
  copy[name] = replaced(copy[name], rest, by);
  return copy;
}

test.each(requests)(
  "a valid request of $name with anything put anywhere is answered or refused with BODY_INVALID",
  (operation, request) => {
    const places = placesIn(request).filter((place) => place.length > 0);
    const words = fc.constantFrom<unknown>(
      "",
      "function",
      "auto",
      -1,
      0,
      1e9,
      [],
      {},
      [[]],
      null,
      "#/x",
      { $ref: "#" },
      undefined,
    );
    const change = fc.tuple(fc.constantFrom(...places), fc.oneof(words, fc.jsonValue({ maxDepth: 2 })));
    fc.assert(
      fc.property(change, fc.option(change), fc.nat(50), (first, second, seed) => {
        const once = replaced(request, ...first);
        const nested = second === null || second[0].join(" ").startsWith(first[0].join(" "));
        const changed = nested ? once : replaced(once, ...second);
        try {
          const frames = framesOf(simulated(operation, changed as object, seed, { outputTokens: 20 }));
          for (const { data } of frames) {
            const text = String(data);
            if (text.startsWith("data: {")) JSON.parse(text.slice("data: ".length));
          }
          expect(frames.length).toBeGreaterThan(0);
        } catch (error) {
          if (!(error instanceof StuntdoubleError)) throw error;
          expect(error.code).toBe("BODY_INVALID");
          expect(error.message).not.toMatch(/undefined|\[object/);
        }
      }),
      { numRuns: 200 },
    );
  },
);
