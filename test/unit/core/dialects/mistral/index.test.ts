import { expect, test } from "vitest";
import { findOperation } from "../../../../../src/core/dialects/index.ts";
import { jsonOf, open, scriptOf } from "../support.ts";

test("a response with vectors has an id", () => {
  const { operation } = findOperation("POST", "/mistral/v1/embeddings", {});
  const plan = open(operation!, { model: "mistral-embed", input: ["a"] })
    .ask()
    .write(scriptOf([]));
  expect(jsonOf(plan)).toMatchObject({ id: "req_0123456789", object: "list" });
});

test("the models are Mistral's, each with its type and what it can do", () => {
  const { operation } = findOperation("GET", "/mistral/v1/models", {});
  const list = jsonOf(open(operation!, "").ask().write(scriptOf([])));
  expect(list["data"]?.map(({ type }) => type)).toEqual(["base", "base", "base", "base"]);
  expect(list["data"]?.[0]).toMatchObject({ id: "codestral-latest", capabilities: { completion_chat: true } });
});
