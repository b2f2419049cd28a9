import { expect, test } from "vitest";
import { findOperation, operationFinder } from "../../../../../src/core/dialects/index.ts";
import { mistral } from "../../../../../src/core/dialects/mistral/index.ts";
import { jsonOf, open, scriptOf } from "../support.ts";

const request = { model: "m", messages: [{ role: "user", content: "hi" }] };

test("its paths have a prefix, and none where an upstream is of it", () => {
  const upstreams = new Map([["real", { dialect: "mistral" }]]);
  expect(findOperation("POST", "/mistral/v1/chat/completions", {}).dialect).toBe(mistral);
  expect(findOperation("POST", "/v1/chat/completions", {}).dialect.name).toBe("openai");
  expect(operationFinder(upstreams)("POST", "/v1/chat/completions", {}).dialect).toBe(mistral);
  expect(operationFinder(upstreams)("GET", "/v1/files", {}).dialect).toBe(mistral);
});

test("a chat completion is OpenAI's, without OpenAI's headers", () => {
  const { operation } = findOperation("POST", "/mistral/v1/chat/completions", {});
  const plan = open(operation!, request, { target: operation!.route })
    .ask()
    .write(scriptOf(["Hello"]));
  expect(jsonOf(plan)).toMatchObject({ object: "chat.completion", model: "m" });
  expect(plan.head?.headers).toEqual(["content-type", "application/json", "x-request-id", "req_0123456789"]);
});

test.each([
  [401, () => ({ detail: "Unauthorized" })],
  [
    429,
    (message: string) => ({
      object: "error",
      message,
      type: "rate_limited",
      param: null,
      code: "1300",
      raw_status_code: 429,
    }),
  ],
  [
    500,
    (message: string) => ({
      object: "error",
      message,
      type: "server_error",
      param: null,
      code: null,
      raw_status_code: 500,
    }),
  ],
])("an error of the status %i is as the API's", (status, expected) => {
  const said = expect.any(String) as string;
  expect(JSON.parse(mistral.failure({ status, requestId: "" }).body)).toEqual(expected(said));
});
