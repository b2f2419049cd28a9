import { expect, test } from "vitest";
import { completions } from "../../../../../../src/core/dialects/openai/completions/index.ts";
import { bodyOf, textOf, type Loose } from "../../../../../support/chat-stream.ts";
import { simulated } from "../../../../../support/simulated.ts";

function textsOf(request: object, seed = 1): string[] {
  const plan = simulated(completions, { model: "m", prompt: "Go", max_tokens: 500, ...request }, seed);
  return bodyOf(plan).choices.map(({ text }: Loose) => text);
}

const schema = { type: "object", properties: { a: { type: "integer" } }, required: ["a"] };

test.each([
  ["guided_json", { guided_json: schema }],
  ["structured_outputs", { structured_outputs: { json: schema } }],
])("a completion is JSON of the schema of %s", (_, request) => {
  expect(JSON.parse(textsOf(request)[0] ?? "")).toEqual({ a: expect.any(Number) });
});

test("each choice of a completion is one of those of guided_choice", () => {
  const texts = textsOf({ guided_choice: ["yes", "no"], n: 5 });
  expect(texts).toHaveLength(5);
  for (const text of texts) expect(["yes", "no"]).toContain(text);
});

test("a completion is a string of the pattern of guided_regex, in a stream too", () => {
  expect(textsOf({ guided_regex: "[A-Z]{2}\\d{3}" })[0]).toMatch(/^[A-Z]{2}\d{3}$/);
  const plan = simulated(completions, { model: "m", prompt: "Go", stream: true, guided_choice: ["yes"] });
  expect(textOf(plan)).toContain('"text":"yes"');
});

test("a completion with two constraints is refused", () => {
  expect(() => textsOf({ guided_choice: ["a"], guided_regex: "a" })).toThrow(/only use one kind/);
});
