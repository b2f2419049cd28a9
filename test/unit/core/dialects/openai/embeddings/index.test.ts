import { describe, expect, test } from "vitest";
import { embeddings } from "../../../../../../src/core/dialects/openai/embeddings/index.ts";
import { jsonOf, open, refusal, scriptOf } from "../../support.ts";
import { framesOf } from "../../../../../support/frames.ts";

const valid = { model: "text-embedding-3-small", input: "some text" };

function response(request: object) {
  return open(embeddings, { ...valid, ...request })
    .ask()
    .write(scriptOf([]));
}

function vectors(request: object): number[][] {
  const body = jsonOf(response(request)) as unknown as { data: { embedding: number[] }[] };
  return body.data.map(({ embedding }) => embedding);
}

function decoded(request: object): number[][] {
  const body = jsonOf(response({ ...request, encoding_format: "base64" })) as unknown as {
    data: { embedding: string }[];
  };
  return body.data.map(({ embedding }) => {
    const bytes = Uint8Array.from(Buffer.from(embedding, "base64"));
    return [...new Float32Array(bytes.buffer)];
  });
}

function length(vector: readonly number[]): number {
  return Math.hypot(...vector);
}

test("a response has the provider's members", () => {
  expect(jsonOf(response({ dimensions: 2 }))).toEqual({
    object: "list",
    data: [{ object: "embedding", index: 0, embedding: [expect.any(Number), expect.any(Number)] }],
    model: "text-embedding-3-small",
    usage: { prompt_tokens: 2, total_tokens: 2 },
  });
});

test.each([
  ["text-embedding-3-small", 1536],
  ["text-embedding-ada-002", 1536],
  ["text-embedding-3-large", 3072],
])("%s has %i dimensions", (model, dimensions) => {
  expect(vectors({ model })[0]).toHaveLength(dimensions);
});

test.each([1, 2, 3, 256, 1535, 1536])("a vector of %i dimensions has length 1", (dimensions) => {
  const [vector] = vectors({ dimensions });
  expect(vector).toHaveLength(dimensions);
  expect(length(vector!)).toBeCloseTo(1, 5);
});

test("the same text has the same vector, and another text another", () => {
  const [one, two, again] = vectors({ input: ["one", "two", "one"] });
  expect(again).toEqual(one);
  expect(two).not.toEqual(one);
});

test("vectors of different texts point in different directions", () => {
  const [one, two] = vectors({ input: ["one", "two"] });
  const cosine = one!.reduce((sum, value, index) => sum + value * two![index]!, 0);
  expect(Math.abs(cosine)).toBeLessThan(0.2);
});

test.each([1, 2, 3, 4, 1536])("base64 holds the same %i numbers", (dimensions) => {
  const [floats] = vectors({ dimensions });
  const [same] = decoded({ dimensions });
  expect(same).toHaveLength(dimensions);
  for (const [index, value] of floats!.entries()) expect(same![index]).toBeCloseTo(value, 6);
});

test.each([
  ["tokens", [1, 2, 3], 1, 3],
  ["several lists of tokens", [[1, 2], [3]], 2, 3],
  ["several texts", ["a b", "c"], 2, 3],
])("%s can be embedded", (_, input, count, tokens) => {
  const body = jsonOf(response({ input, dimensions: 2 }));
  expect(body["data"]!.map((each) => each["index"])).toEqual(Array.from({ length: count }, (__, index) => index));
  expect(body["usage"]).toMatchObject({ prompt_tokens: tokens });
});

test("no token is generated and nothing is streamed", () => {
  const opened = open(embeddings, { ...valid, stream: true });
  expect(opened.facts.stream).toBe(false);
  expect(opened.ask()).toMatchObject({ maxTokens: 0, stream: false });
  expect(response({ dimensions: 2 }).frames).toMatchObject([{ tokens: 0 }]);
});

describe("a request is refused", () => {
  test.each<[string, object, string, string]>([
    ["without a model", { model: undefined }, "model", "missing_required_parameter"],
    ["without input", { input: undefined }, "input", "missing_required_parameter"],
    ["with null for input", { input: null }, "input", "invalid_type"],
    ["with an empty text", { input: "" }, "input", "invalid_value"],
    ["with an empty text in the list", { input: ["a", ""] }, "input", "invalid_value"],
    ["with no input in the list", { input: [] }, "input", "empty_array"],
    ["with 2,049 inputs", { input: Array.from({ length: 2049 }, () => "a") }, "input", "array_above_max_length"],
    ["with an empty list of tokens", { input: [[1], []] }, "input[1]", "invalid_type"],
    ["with an unknown format", { encoding_format: "hex" }, "encoding_format", "invalid_value"],
    ["with a number for a format", { encoding_format: 5 }, "encoding_format", "invalid_type"],
    ["with no dimensions", { dimensions: 0 }, "dimensions", "integer_below_min_value"],
    ["with more dimensions than the model has", { dimensions: 1537 }, "dimensions", "integer_above_max_value"],
    [
      "with dimensions for the old model",
      { model: "text-embedding-ada-002", dimensions: 10 },
      "dimensions",
      "invalid_value",
    ],
  ])("%s", (_, more, param, detail) => {
    const refused = refusal(() => open(embeddings, { ...valid, ...more }).ask());
    expect(refused).toMatchObject({ code: "BODY_INVALID", param, detail });
  });
});

test("a response of many numbers is in pieces that make one JSON text, with each vector once", () => {
  const input = Array.from({ length: 50 }, (_, index) => `text ${index}`);
  const plan = response({ input });
  expect(framesOf(plan).length).toBeGreaterThan(3);
  expect(new Set(framesOf(plan).map(({ atMs }) => atMs))).toEqual(new Set([plan.endAtMs]));
  const body = jsonOf(plan) as unknown as { data: { index: number; embedding: number[] }[] };
  expect(body.data.map(({ index }) => index)).toEqual(input.map((_, index) => index));
  expect(body.data[37]!.embedding).toEqual(vectors({ input: "text 37" })[0]);
});

describe("of the provider's models, tokens are refused", () => {
  const words = (count: number): string => "word ".repeat(count);
  test("above 8,192 in one input", () => {
    const refused = refusal(() => response({ input: ["a", words(8193)] }));
    expect(refused).toMatchObject({ code: "BODY_INVALID", param: undefined, detail: null });
    expect(refused.message).toContain("maximum context length is 8192 tokens, however you requested 8193 tokens");
    expect(refusal(() => response({ input: Array.from({ length: 9000 }, () => 1) }))).toMatchObject({ detail: null });
  });

  test("above 300,000 in all", () => {
    const refused = refusal(() => response({ input: Array.from({ length: 60 }, () => words(5001)) }));
    expect(refused).toMatchObject({
      detail: "max_tokens_per_request",
      message: "Requested 300060 tokens, max 300000 tokens per request",
    });
    const tokens = Array.from({ length: 38 }, () => Array.from({ length: 8000 }, () => 7));
    expect(refusal(() => response({ input: tokens }))).toMatchObject({ detail: "max_tokens_per_request" });
  });

  test("but not just below, nor for models of others", () => {
    expect(response({ input: words(8192), dimensions: 2 }).head?.status).toBe(200);
    expect(response({ model: "other", input: words(9000), dimensions: 2 }).head?.status).toBe(200);
  });
});
