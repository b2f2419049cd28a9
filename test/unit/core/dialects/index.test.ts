import { describe, expect, test } from "vitest";
import { dialectNamed, dialects, findOperation, methodsOf } from "../../../../src/core/dialects/index.ts";
import { anthropic } from "../../../../src/core/dialects/anthropic/index.ts";
import { openai } from "../../../../src/core/dialects/openai/index.ts";

describe("findOperation", () => {
  test.each([
    ["POST", "/v1/chat/completions", "chat"],
    ["POST", "/v1/completions", "completions"],
    ["POST", "/v1/embeddings", "embeddings"],
    ["GET", "/v1/models", "models"],
    ["GET", "/v1/models/gpt-4o", "models"],
    ["GET", "/v1/models/meta-llama/Llama-3.3-70B", "models"],
  ])("%s %s is the operation %s", (method, path, name) => {
    expect(findOperation(method, path, {})).toMatchObject({ dialect: { name: "openai" }, operation: { name, method } });
  });

  test.each([
    ["GET", "/v1/chat/completions"],
    ["POST", "/v1/models"],
    ["DELETE", "/v1/models/ft:gpt-4o:mine"],
  ])("%s %s is a path that is known, but not for this method", (method, path) => {
    expect(findOperation(method, path, {})).toEqual({ dialect: dialects[0], operation: undefined });
  });

  test.each(["/", "/v1", "/v1/models/", "/v1/chat/completions/", "/v1/modelsx", "/v1/audio/speech", "__proto__"])(
    "%s is no operation",
    (path) => {
      expect(findOperation("POST", path, {}).operation).toBeUndefined();
    },
  );
});

describe("a path of several dialects", () => {
  test.each([
    ["a version of Anthropic's API", { "anthropic-version": "2026-10-21", authorization: "Bearer k" }, "anthropic"],
    ["a key where only Anthropic's clients put it", { "x-api-key": "k" }, "anthropic"],
    ["a bearer token", { authorization: "Bearer k" }, "openai"],
    ["both keys", { authorization: "Bearer k", "x-api-key": "k" }, "openai"],
    ["nothing", {}, "openai"],
  ])("is of the one that the headers name: %s", (_, headers, name) => {
    for (const path of ["/v1/models", "/v1/models/x", "/v1/files"]) {
      expect(findOperation("GET", path, headers).dialect.name).toBe(name);
    }
  });

  test.each(["/v1/messages", "/v1/messages/count_tokens"])("%s is Anthropic's alone", (path) => {
    expect(findOperation("POST", path, {})).toMatchObject({ dialect: { name: "anthropic" } });
    expect(methodsOf(anthropic, path)).toEqual(["POST"]);
  });
});

test("a dialect is found by its name", () => {
  expect([dialectNamed("anthropic"), dialectNamed("nobody")]).toEqual([anthropic, undefined]);
});

test.each([
  [openai, ["authorization", "Bearer sk-1"]],
  [anthropic, ["x-api-key", "sk-1"]],
])("$name takes its key in a header of its own", (dialect, header) => {
  expect(dialect.credential("sk-1")).toEqual(header);
});

test("methodsOf tells the methods that a path takes", () => {
  expect(methodsOf(openai, "/v1/embeddings")).toEqual(["POST"]);
  expect(methodsOf(openai, "/v1/models/gpt-4o")).toEqual(["GET"]);
  expect(methodsOf(openai, "/v1/audio/speech")).toEqual([]);
});

test("every dialect has a name of its own", () => {
  const names = dialects.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
