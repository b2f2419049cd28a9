import { expect, test } from "vitest";
import { findOperation, operationFinder } from "../../../../../src/core/dialects/index.ts";
import { deepseek } from "../../../../../src/core/dialects/deepseek/index.ts";
import { jsonOf, open, scriptOf } from "../support.ts";

const request = { model: "m", messages: [{ role: "user", content: "hi" }] };

test("its paths have a prefix, and none where an upstream is of it", () => {
  const upstreams = new Map([["real", { dialect: "deepseek" }]]);
  expect(findOperation("POST", "/deepseek/v1/chat/completions", {}).dialect).toBe(deepseek);
  expect(findOperation("POST", "/v1/chat/completions", {}).dialect.name).toBe("openai");
  expect(operationFinder(upstreams)("POST", "/v1/chat/completions", {}).dialect).toBe(deepseek);
  expect(operationFinder(upstreams)("GET", "/v1/files", {}).dialect).toBe(deepseek);
});

test("a chat completion is OpenAI's, without OpenAI's headers", () => {
  const { operation } = findOperation("POST", "/deepseek/v1/chat/completions", {});
  const plan = open(operation!, request, { target: operation!.route })
    .ask()
    .write(scriptOf(["Hello"]));
  expect(jsonOf(plan)).toMatchObject({ object: "chat.completion", model: "m" });
  expect(plan.head?.headers).toEqual(["content-type", "application/json", "x-request-id", "req_0123456789"]);
});

test.each([
  [
    401,
    (message: string) => ({
      error: { message, type: "authentication_error", param: null, code: "invalid_request_error" },
    }),
  ],
  [
    402,
    (message: string) => ({ error: { message, type: "unknown_error", param: null, code: "invalid_request_error" } }),
  ],
  [500, (message: string) => ({ error: { message, type: "server_error", param: null, code: null } })],
])("an error of the status %i is as the API's", (status, expected) => {
  const said = expect.any(String) as string;
  expect(JSON.parse(deepseek.failure({ status, requestId: "" }).body)).toEqual(expected(said));
});
