import { expect, test } from "vitest";
import { findOperation, operationFinder } from "../../../../../src/core/dialects/index.ts";
import { groq } from "../../../../../src/core/dialects/groq/index.ts";
import { jsonOf, open, scriptOf } from "../support.ts";

const request = { model: "m", messages: [{ role: "user", content: "hi" }] };

test("its paths have a prefix, and none where an upstream is of it", () => {
  const upstreams = new Map([["real", { dialect: "groq" }]]);
  expect(findOperation("POST", "/groq/openai/v1/chat/completions", {}).dialect).toBe(groq);
  expect(findOperation("POST", "/openai/v1/chat/completions", {}).dialect.name).toBe("azure");
  expect(operationFinder(upstreams)("POST", "/openai/v1/chat/completions", {}).dialect).toBe(groq);
  expect(operationFinder(upstreams)("GET", "/openai/v1/files", {}).dialect).toBe(groq);
});

test("a chat completion is OpenAI's, without OpenAI's headers", () => {
  const { operation } = findOperation("POST", "/groq/openai/v1/chat/completions", {});
  const plan = open(operation!, request, { target: operation!.route })
    .ask()
    .write(scriptOf(["Hello"]));
  expect(jsonOf(plan)).toMatchObject({ object: "chat.completion", model: "m" });
  expect(plan.head?.headers).toEqual(["content-type", "application/json", "x-request-id", "req_0123456789"]);
});

test.each([
  [401, (message: string) => ({ error: { message, type: "invalid_request_error", code: "invalid_api_key" } })],
  [429, (message: string) => ({ error: { message, type: "requests", code: "rate_limit_exceeded" } })],
  [500, (message: string) => ({ error: { message, type: "server_error" } })],
])("an error of the status %i is as the API's", (status, expected) => {
  const said = expect.any(String) as string;
  expect(JSON.parse(groq.failure({ status, requestId: "" }).body)).toEqual(expected(said));
});
