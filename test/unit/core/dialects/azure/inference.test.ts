import { expect, test } from "vitest";
import { findOperation } from "../../../../../src/core/dialects/index.ts";
import { jsonOf, open, refusal, scriptOf } from "../support.ts";

const path = "/models/chat/completions";
const request = { model: "Phi-4", messages: [{ role: "user", content: "hi" }] };

test("the paths of Azure's model inference are chat completions without a version in the path", () => {
  const { dialect, operation } = findOperation("POST", path, {});
  expect(dialect.name).toBe("azure");
  const asked = open(operation!, request, { target: `${path}?api-version=2024-05-01-preview` }).ask();
  expect(jsonOf(asked.write(scriptOf(["Hello"])))).toMatchObject({ object: "chat.completion", model: "Phi-4" });
});

test("they need a version in the query, and take embeddings as well", () => {
  const { operation } = findOperation("POST", path, {});
  expect(refusal(() => open(operation!, request, { target: path }).ask()).message).toBe("Resource not found");
  expect(findOperation("POST", "/models/embeddings", {}).operation?.name).toBe("embeddings");
});
