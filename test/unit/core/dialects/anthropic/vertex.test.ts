import { expect, test } from "vitest";
import { findOperation } from "../../../../../src/core/dialects/index.ts";
import { jsonOf, open, refusal, scriptOf, textsOf } from "../support.ts";

const models = "/v1/projects/p/locations/us-east5/publishers/anthropic/models";
const body = {
  anthropic_version: "vertex-2023-10-16",
  max_tokens: 20,
  messages: [{ role: "user", content: "Hi there" }],
};

function ask(path: string, request: object) {
  const target = models + path;
  return open(findOperation("POST", target, {}).operation!, request, { target });
}

test("a model is asked by its path, and responds as by Anthropic's own API", () => {
  const { facts, ask: asked } = ask("/claude-sonnet-4-5%4020250929:rawPredict", body);
  expect([facts.model, facts.stream]).toEqual(["claude-sonnet-4-5@20250929", false]);
  expect(jsonOf(asked().write(scriptOf(["Hello"])))).toMatchObject({
    type: "message",
    model: "claude-sonnet-4-5@20250929",
    content: [{ text: "Hello" }],
  });
});

test("the path says that it is streamed", () => {
  const { facts, ask: asked } = ask("/claude-sonnet-4-5:streamRawPredict", body);
  expect(facts.stream).toBe(true);
  expect(textsOf(asked().write(scriptOf(["Hello"])))[0]).toMatch(/^event: message_start\n/);
});

test("tokens are counted where a model's name stands", () => {
  const plan = ask("/count-tokens:rawPredict", { ...body, model: "claude-sonnet-4-5" })
    .ask()
    .write(scriptOf([]));
  expect(jsonOf(plan)).toEqual({ input_tokens: 9 });
});

test("a request without its version is refused", () => {
  const refused = refusal(() => ask("/claude-sonnet-4-5:rawPredict", { ...body, anthropic_version: undefined }).ask());
  expect(refused).toMatchObject({ param: "anthropic_version", message: "anthropic_version: Field required" });
});

test("what else is asked of the publisher is its own, and cannot be simulated", () => {
  const found = findOperation("POST", `${models}/claude-sonnet-4-5:other`, {});
  expect(found).toMatchObject({ dialect: { name: "anthropic" }, operation: undefined });
});

test.each([
  ["/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-flash:generateContent", "generateContent"],
  ["/v1beta1/publishers/google/models/gemini-2.5-flash:streamGenerateContent", "streamGenerateContent"],
  ["/v1beta1/projects/p/locations/l/endpoints/123:countTokens", "countTokens"],
])("%s is Gemini's %s", (path, name) => {
  const { dialect, operation } = findOperation("POST", path, {});
  expect([dialect.name, operation?.name]).toEqual(["gemini", name]);
});
