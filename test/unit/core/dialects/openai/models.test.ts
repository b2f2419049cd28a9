import { expect, test } from "vitest";
import { modelAt, models } from "../../../../../src/core/dialects/openai/models.ts";
import { jsonOf, open, refusal, scriptOf } from "../support.ts";

const script = scriptOf([]);

test("the list has models with all members that the provider's have", () => {
  const body = jsonOf(open(models, "").ask().write(script)) as unknown as { object: string; data: object[] };
  expect(body.object).toBe("list");
  expect(body.data.length).toBeGreaterThan(5);
  for (const model of body.data) {
    expect(model).toEqual({
      id: expect.any(String),
      object: "model",
      created: expect.any(Number),
      owned_by: expect.any(String),
    });
  }
});

test.each([
  ["gpt-4o", "gpt-4o"],
  ["meta-llama/Llama-3", "meta-llama/Llama-3"],
  ["a%20b%2Fc", "a b/c"],
])("the path of %s describes that model", (path, id) => {
  const opened = open(modelAt(`/v1/models/${path}`)[0]!, "");
  expect(opened.facts.model).toBe(id);
  expect(jsonOf(opened.ask().write(script))).toMatchObject({ id, object: "model" });
});

test("a name that is not correctly encoded is refused", () => {
  expect(refusal(() => open(modelAt("/v1/models/%ff")[0]!, ""))).toMatchObject({
    code: "BODY_INVALID",
    param: "model",
  });
});

test.each(["/v1/models", "/v1/models/", "/v1/modelsgpt", "/v2/models/x"])("%s is the path of no model", (path) => {
  expect(modelAt(path)).toEqual([]);
});

test("such a response comes at once and has no tokens", () => {
  const plan = open(models, "").ask().write(script);
  expect(plan).toMatchObject({ headAtMs: 0, endAtMs: 0 });
  expect(plan.frames).toMatchObject([{ atMs: 0, tokens: 0 }]);
});
