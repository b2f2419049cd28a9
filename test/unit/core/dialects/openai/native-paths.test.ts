import { describe, expect, test } from "vitest";
import { deepseek } from "../../../../../src/core/dialects/deepseek/index.ts";
import { groq } from "../../../../../src/core/dialects/groq/index.ts";
import { findOperation, operationFinder } from "../../../../../src/core/dialects/index.ts";
import { lmstudio } from "../../../../../src/core/dialects/lmstudio/index.ts";
import { together } from "../../../../../src/core/dialects/together/index.ts";
import { xai } from "../../../../../src/core/dialects/xai/index.ts";
import { mistral } from "../../../../../src/core/dialects/mistral/index.ts";
import { jsonOf, open, scriptOf } from "../support.ts";

const request = { model: "m", messages: [{ role: "user", content: "hi" }] };
const said = expect.any(String) as string;

/** APIs like OpenAI's, whose own paths are another's too: the prefix that tells them apart, and whose the bare path is. */
const providers = [
  {
    dialect: groq,
    prefix: "/groq",
    native: "/openai",
    owner: "azure",
    errors: {
      401: { error: { message: said, type: "invalid_request_error", code: "invalid_api_key" } },
      429: { error: { message: said, type: "requests", code: "rate_limit_exceeded" } },
      500: { error: { message: said, type: "server_error" } },
    },
  },
  {
    dialect: mistral,
    prefix: "/mistral",
    native: "",
    owner: "openai",
    errors: {
      401: { detail: "Unauthorized" },
      429: { object: "error", message: said, type: "rate_limited", param: null, code: "1300", raw_status_code: 429 },
      500: { object: "error", message: said, type: "server_error", param: null, code: null, raw_status_code: 500 },
    },
  },
  {
    dialect: deepseek,
    prefix: "/deepseek",
    native: "",
    owner: "openai",
    errors: {
      401: { error: { message: said, type: "authentication_error", param: null, code: "invalid_request_error" } },
      402: { error: { message: said, type: "unknown_error", param: null, code: "invalid_request_error" } },
      500: { error: { message: said, type: "server_error", param: null, code: null } },
    },
  },
  {
    dialect: xai,
    prefix: "/xai",
    native: "",
    owner: "openai",
    errors: {
      400: { code: "Client specified an invalid argument", error: said },
      404: { code: "Some requested entity was not found", error: said },
      500: { code: "Internal error", error: said },
    },
  },
  {
    dialect: together,
    prefix: "/together",
    native: "",
    owner: "openai",
    errors: {
      401: { error: { message: said, type: "invalid_request_error", param: null, code: "invalid_api_key" } },
      500: { error: { message: said, type: "server_error", param: null, code: null } },
    },
  },
  { dialect: lmstudio, prefix: "/lmstudio", native: "", owner: "openai", errors: { 400: { error: said } } },
];

describe.each(providers)("$dialect.name", ({ dialect, prefix, native, owner, errors }) => {
  const chat = `${prefix}${native}/v1/chat/completions`;

  test("has paths with a prefix, and without it where an upstream is of it", () => {
    const find = operationFinder(new Map([["real", { dialect: dialect.name }]]));
    expect(findOperation("POST", chat, {}).dialect).toBe(dialect);
    expect(findOperation("POST", `${native}/v1/chat/completions`, {}).dialect.name).toBe(owner);
    expect(find("POST", `${native}/v1/chat/completions`, {}).dialect).toBe(dialect);
    expect(find("GET", `${native}/v1/files`, {}).dialect).toBe(dialect);
  });

  test("writes OpenAI's chat completion without OpenAI's headers", () => {
    const { operation } = findOperation("POST", chat, {});
    const plan = open(operation!, request, { target: operation!.route })
      .ask()
      .write(scriptOf(["Hello"]));
    expect(jsonOf(plan)).toMatchObject({ object: "chat.completion", model: "m" });
    expect(plan.head?.headers).toEqual(["content-type", "application/json", "x-request-id", "req_0123456789"]);
  });

  test.each(Object.entries(errors))("writes an error of the status %s as the API does", (status, expected) => {
    expect(JSON.parse(dialect.failure({ status: Number(status), requestId: "" }).body)).toEqual(expected);
  });
});
