import { describe, expect, test } from "vitest";
import { dialects, findOperation, methodsOf } from "../../../../src/core/wire/index.ts";
import { openai } from "../../../../src/core/wire/openai.ts";

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

test("methodsOf tells the methods that a path takes", () => {
  expect(methodsOf(openai, "/v1/embeddings")).toEqual(["POST"]);
  expect(methodsOf(openai, "/v1/models/gpt-4o")).toEqual(["GET"]);
  expect(methodsOf(openai, "/v1/audio/speech")).toEqual([]);
});

test("every dialect has a name of its own", () => {
  const names = dialects.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
