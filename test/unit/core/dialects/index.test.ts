import { describe, expect, test } from "vitest";
import {
  dialectNamed,
  dialects,
  findOperation,
  methodsOf,
  operationFinder,
  type FindOperation,
} from "../../../../src/core/dialects/index.ts";
import { anthropic } from "../../../../src/core/dialects/anthropic/index.ts";
import { openai } from "../../../../src/core/dialects/openai/index.ts";
import { vllm } from "../../../../src/core/dialects/vllm/index.ts";
import { open, scriptOf, textsOf } from "./support.ts";

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
    ["DELETE", "/v1/chat/completions"],
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

test("HEAD is what GET is", () => {
  for (const path of ["/v1/models", "/v1/models/gpt-4o", "/api/tags", "/health"]) {
    const { dialect, operation } = findOperation("GET", path, {});
    expect(findOperation("HEAD", path, {})).toMatchObject({
      dialect,
      operation: { name: operation?.name, method: "GET" },
    });
  }
  expect(findOperation("HEAD", "/v1/embeddings", {}).operation).toBeUndefined();
});

describe("a probe is answered at once, and needs no key", () => {
  test.each([
    ["openai", "/health", ""],
    ["openai", "/ping", ""],
    ["openai", "/version", expect.stringMatching(/^\{"version":"[\d.]+"\}$/)],
    ["openai", "/v1", ""],
    ["openai", "/health/liveliness", `"I'm alive!"`],
    ["openai", "/health/readiness", expect.stringContaining("healthy")],
    ["vllm", "/vllm/health", ""],
    ["vllm", "/vllm/version", expect.stringContaining("version")],
    ["ollama", "/", "Ollama is running"],
  ])("%s: %s", (name, path, body) => {
    const { dialect, operation } = findOperation("GET", path, {});
    expect([dialect.name, operation?.isOpen]).toEqual([name, true]);
    const plan = open(operation!, "").ask().write(scriptOf([]));
    expect([plan.head?.status, plan.endAtMs, textsOf(plan).join("")]).toEqual([200, 0, body]);
  });
});

describe("the upstreams tell APIs apart that have the same paths", () => {
  const finderWith = (...names: string[]) =>
    operationFinder(new Map(names.map((dialect, index) => [String(index), { dialect }])));
  const nameOf = (find: FindOperation, path: string, headers = {}): string => find("POST", path, headers).dialect.name;
  const chats = "/v1/chat/completions";

  test("a path of OpenAI's is vLLM's where only such an upstream is", () => {
    const find = finderWith("vllm");
    expect(find("POST", chats, {})).toMatchObject({ dialect: { name: "vllm" }, operation: { name: "chat" } });
    expect([nameOf(find, "/v1/files"), nameOf(find, "/tokenize"), nameOf(find, `/vllm${chats}`)]).toEqual([
      "vllm",
      "vllm",
      "vllm",
    ]);
    expect(find("DELETE", chats, {})).toMatchObject({ dialect: { name: "vllm" }, operation: undefined });
    expect(find("HEAD", "/health", {})).toMatchObject({ dialect: { name: "vllm" }, operation: { name: "probe" } });
  });

  test("it is that of the first upstream that has it", () => {
    expect(nameOf(finderWith("openai", "vllm"), chats)).toBe("openai");
    expect(nameOf(finderWith("vllm", "openai"), chats)).toBe("vllm");
    expect(nameOf(finderWith("anthropic", "vllm"), chats)).toBe("vllm");
  });

  test("what the API does not have stays with the one that has", () => {
    const find = finderWith("vllm", "anthropic");
    expect([nameOf(find, "/v1/messages"), nameOf(find, "/v1/moderations")]).toEqual(["anthropic", "openai"]);
    expect(find("GET", "/v1/models/x", { "x-api-key": "k" }).dialect.name).toBe("anthropic");
  });

  test("without such an upstream nothing changes", () => {
    expect(finderWith("openai", "anthropic")).toBe(findOperation);
    expect(methodsOf(vllm, "/v1/chat/completions")).toEqual(["POST"]);
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
