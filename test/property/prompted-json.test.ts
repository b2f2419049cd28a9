import { Ajv } from "ajv";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { messages } from "../../src/core/dialects/anthropic/operations.ts";
import { chat as ollamaChat } from "../../src/core/dialects/ollama/generate.ts";
import { chat } from "../../src/core/dialects/openai/chat/index.ts";
import { responses } from "../../src/core/dialects/openai/responses/index.ts";
import { bodyOf } from "../support/chat-stream.ts";
import { dataSchemas } from "../support/openapi/hints.ts";
import { simulated } from "../support/simulated.ts";

const headers = { "anthropic-version": "2023-06-01" };
const user = [{ role: "user", content: "Go" }];

/** One that is its own part may have no instance that ends. */
const schemas = dataSchemas.filter((schema) => !JSON.stringify(schema).includes("$ref"));

describe("a schema that only the prompt names", () => {
  test.each<[name: string, respond: (prompt: string, seed: number) => string]>([
    [
      "chat",
      (prompt, seed) => {
        const talk = [{ role: "system", content: prompt }, ...user];
        return bodyOf(simulated(chat, { model: "m", messages: talk }, seed)).choices[0].message.content;
      },
    ],
    [
      "the Responses API",
      (prompt, seed) =>
        bodyOf(simulated(responses, { model: "m", instructions: prompt, input: "Go" }, seed)).output.at(-1).content[0]
          .text,
    ],
    [
      "Anthropic",
      (prompt, seed) => {
        const request = { model: "m", max_tokens: 50_000, system: prompt, messages: user };
        return bodyOf(simulated(messages, request, seed, { headers })).content[0].text;
      },
    ],
    [
      "Ollama",
      (prompt, seed) => {
        const request = { model: "m", stream: false, messages: [{ role: "user", content: prompt }] };
        return bodyOf(simulated(ollamaChat, request, seed)).message.content;
      },
    ],
  ])("has a response that it allows: %s", (_, respond) => {
    fc.assert(
      fc.property(schemas, fc.nat(1000), fc.constantFrom(0, 2), (schema, seed, indent) => {
        const prompt = `Always respond with a JSON object that matches this schema:\n${JSON.stringify(schema, undefined, indent)}\nNothing else.`;
        const validate = new Ajv({ strict: false }).compile(schema);
        const said: unknown = JSON.parse(respond(prompt, seed));
        validate(said);
        expect(validate.errors).toBeNull();
      }),
      { numRuns: 60 },
    );
  });
});
