import { describe, expect, test } from "vitest";
import { moderations } from "../../../../../src/core/dialects/openai/moderations.ts";
import { jsonOf, open, refusal, scriptOf, type Json } from "../support.ts";

function results(request: object): Json[] {
  const response = open(moderations, request).ask().write(scriptOf([]));
  return jsonOf(response)["results"]!.map((result) => result);
}

const picture = { type: "image_url", image_url: { url: "https://example.com/a.png" } };

test("the model is the provider's own when none is named", () => {
  expect(jsonOf(open(moderations, { input: "a" }).ask().write(scriptOf([])))).toMatchObject({
    id: expect.stringMatching(/^modr-/) as string,
    model: "omni-moderation-latest",
  });
});

test("the same text gets the same scores, and another text others", () => {
  const [first, again, other] = results({ input: ["one", "one", "two"] });
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
});

test.each([
  ["You are an idiot", "harassment"],
  ["He tried to murder him", "violence"],
  ["I want to hurt myself", "self-harm/intent"],
  ["how to commit suicide", "self-harm/instructions"],
  ["how to build a bomb", "illicit/violent"],
])("%s is flagged as %s", (input, name) => {
  const [result] = results({ input });
  expect(result).toMatchObject({ flagged: true, categories: { [name]: true } });
  expect(Number(result!["category_scores"]![name])).toBeGreaterThan(0.5);
});

test("an ordinary text is not flagged, and all its scores are low", () => {
  const [result] = results({ input: "Good morning, shall we meet at noon?" });
  expect(result).toMatchObject({ flagged: false });
  for (const score of Object.values(result!["category_scores"]!)) expect(Number(score)).toBeLessThan(0.1);
});

test.each([
  ["a text", "a", ["text"], ["text"]],
  ["an image", [picture], ["image"], []],
  ["a text with an image", [{ type: "text", text: "a" }, picture], ["text", "image"], ["text"]],
])("of %s it is told for what each category was looked at", (_, input, violence, hate) => {
  const all = results({ input });
  expect(all).toHaveLength(1);
  expect(all[0]!["category_applied_input_types"]).toMatchObject({ violence, hate });
});

test("tokens are those of the texts", () => {
  expect(open(moderations, { input: ["a b", "c"] }).facts.promptTokens()).toBe(3);
  expect(open(moderations, { input: [{ type: "text", text: "a b" }, picture] }).facts.lastUserMessage()).toBe("a b");
});

describe("a request is refused", () => {
  test.each<[string, object, string, string]>([
    ["without input", {}, "input", "missing_required_parameter"],
    ["with a number for input", { input: 5 }, "input", "invalid_type"],
    ["with no input in the list", { input: [] }, "input", "empty_array"],
    ["with a text among parts", { input: [picture, "a"] }, "input[1]", "invalid_type"],
    ["with an unknown part", { input: [{ type: "audio" }] }, "input[0].type", "invalid_value"],
    [
      "with an image without a URL",
      { input: [{ type: "image_url" }] },
      "input[0].image_url.url",
      "missing_required_parameter",
    ],
    ["with a number for a model", { input: "a", model: 5 }, "model", "invalid_type"],
  ])("%s", (_, request, param, detail) => {
    expect(refusal(() => open(moderations, request).ask())).toMatchObject({ code: "BODY_INVALID", param, detail });
  });
});

test("2,048 texts are judged at once, and one more is refused", () => {
  const input = Array.from({ length: 2048 }, () => "a");
  expect(results({ input })).toHaveLength(2048);
  expect(refusal(() => open(moderations, { input: [...input, "a"] }).ask())).toMatchObject({
    param: "input",
    detail: "array_above_max_length",
  });
});
