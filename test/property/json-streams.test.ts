import * as fc from "fast-check";
import { expect, test } from "vitest";
import { StuntdoubleError } from "../../src/core/errors.ts";
import { createRng } from "../../src/core/rng.ts";
import { chat } from "../../src/core/dialects/openai/chat/index.ts";
import { completions } from "../../src/core/dialects/openai/completions/index.ts";
import { embeddings } from "../../src/core/dialects/openai/embeddings/index.ts";
import { moderations } from "../../src/core/dialects/openai/moderations.ts";
import { responses } from "../../src/core/dialects/openai/responses/index.ts";
import { detokenize, tokenize } from "../../src/core/dialects/vllm/tokenize.ts";
import { findMembers } from "../../src/core/dialects/shared/scan.ts";

const name = fc.constantFrom("model", "stream", "messages", "mo", "modell", 'a"b', "é");

function scanned(bytes: Uint8Array, wanted: readonly string[]): Record<string, unknown> {
  const spans = [...findMembers(bytes, wanted)];
  return Object.fromEntries(
    spans.map(([each, { from, to }]) => [each, JSON.parse(new TextDecoder().decode(bytes.subarray(from, to)))]),
  );
}

/** The code that something is refused with, or "nothing"; any other error is thrown on. */
function refusal(run: () => void): string {
  try {
    run();
    return "nothing";
  } catch (error) {
    if (error instanceof StuntdoubleError) return error.code;
    throw error;
  }
}

test("the scan finds what a parse finds", () => {
  const object = fc.dictionary(name, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6 });
  const wanted = ["model", "stream", "messages"];
  fc.assert(
    fc.property(object, fc.constantFrom(0, 1, "\t"), (value, indent) => {
      const bytes = new TextEncoder().encode(JSON.stringify(value, undefined, indent));
      const parsed = JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
      const expected = Object.fromEntries(
        wanted.filter((each) => Object.hasOwn(parsed, each)).map((each) => [each, parsed[each]]),
      );
      expect(scanned(bytes, wanted)).toEqual(expected);
    }),
  );
});

test("the scan refuses every object that was cut off", () => {
  const object = fc.dictionary(name, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6 });
  fc.assert(
    fc.property(object, fc.nat(), (value, at) => {
      const bytes = new TextEncoder().encode(JSON.stringify(value));
      expect(() => findMembers(bytes.subarray(0, at % bytes.length), ["model"])).toThrow(StuntdoubleError);
    }),
  );
});

test.each([chat, completions, embeddings, moderations, responses, tokenize, detokenize])(
  "any request of $name is answered or refused with BODY_INVALID, small or large",
  (operation) => {
    const member = fc.constantFrom(
      "model",
      "messages",
      "prompt",
      "input",
      "n",
      "stop",
      "stream",
      "stream_options",
      "dimensions",
      "max_tokens",
      "tools",
      "tool_choice",
      "functions",
      "function_call",
      "response_format",
      "reasoning_effort",
      "logprobs",
      "top_logprobs",
      "modalities",
      "service_tier",
      "metadata",
      "prediction",
      "echo",
      "best_of",
      "instructions",
      "text",
      "reasoning",
      "tokens",
      "previous_response_id",
    );
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 4 }),
      fc.constantFrom(
        "gpt-4o",
        ["a"],
        [{ role: "user", content: "hi" }],
        [{ role: "user", content: [{ type: "text", text: "hi" }] }],
        [{ role: "assistant", tool_calls: [{ id: "c" }] }],
        [{ type: "function", function: { name: "f", parameters: { $ref: "#" } } }],
        [{ type: "custom", custom: { name: "f", format: { type: "text" } } }],
        [{ name: "f" }],
        { type: "function", function: { name: "f" } },
        { type: "json_schema", json_schema: { name: "s", schema: { anyOf: [] } } },
        "auto",
        true,
        2,
      ),
    );
    const request = fc.dictionary(member, value, { maxKeys: 8 });
    fc.assert(
      fc.property(request, fc.boolean(), (given, large) => {
        const text = JSON.stringify(large ? { ...given, padding: "x".repeat(17_000) } : given);
        const body = { bytes: new TextEncoder().encode(text), text: () => text };
        const refused = refusal(() => {
          const opened = operation.open({ headers: {}, target: operation.route, body, count: (each) => each.length });
          opened.facts.lastUserMessage();
          opened.facts.promptTokens();
          const ask = opened.ask();
          ask.compose?.(10, createRng(1));
        });
        expect(["nothing", "BODY_INVALID"]).toContain(refused);
      }),
    );
  },
);

test("facts of a request are the same whether it is parsed or scanned", () => {
  const message = fc.record({ role: fc.constantFrom("user", "assistant", "system"), content: fc.string() });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 5 }), fc.string(), fc.boolean(), (messages, model, stream) => {
      const facts = (padding: string) => {
        const text = JSON.stringify({ model, padding, messages, stream });
        const body = { bytes: new TextEncoder().encode(text), text: () => text };
        const found = chat.open({ headers: {}, target: chat.route, body, count: (each) => each.length }).facts;
        return {
          model: found.model,
          stream: found.stream,
          last: found.lastUserMessage(),
          tokens: found.promptTokens(),
        };
      };
      expect(facts("x".repeat(17_000))).toEqual(facts(""));
    }),
  );
});
