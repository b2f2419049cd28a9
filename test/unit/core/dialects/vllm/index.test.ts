import { describe, expect, test } from "vitest";
import { findOperation } from "../../../../../src/core/dialects/index.ts";
import { openai } from "../../../../../src/core/dialects/openai/index.ts";
import { vllm } from "../../../../../src/core/dialects/vllm/index.ts";
import type { Failure } from "../../../../../src/core/dialects/types.ts";
import type { Plan } from "../../../../../src/core/types.ts";
import { bodyOf, header, jsonOf, scriptOf, textsOf } from "../support.ts";

const messages = [{ role: "user", content: "hi" }];

function write(path: string, request: object): Plan {
  return findOperation("POST", path, {})
    .operation!.open({ headers: {}, target: path, body: bodyOf(JSON.stringify(request)), count: (text) => text.length })
    .ask()
    .write(scriptOf(["Hello", " there"]));
}

describe("paths", () => {
  test.each([
    ["POST", "/vllm/v1/chat/completions", "chat"],
    ["POST", "/vllm/v1/completions", "completions"],
    ["POST", "/vllm/v1/embeddings", "embeddings"],
    ["GET", "/vllm/v1/models", "models"],
    ["POST", "/vllm/tokenize", "tokenize"],
    ["POST", "/vllm/detokenize", "detokenize"],
  ])("%s %s is the operation %s", (method, path, name) => {
    expect(findOperation(method, path, {})).toMatchObject({ dialect: { name: "vllm" }, operation: { name } });
  });

  test.each(["/tokenize", "/detokenize"])("%s is served with OpenAI's too", (path) => {
    expect(findOperation("POST", path, {}).dialect).toBe(openai);
  });
});

describe("a response", () => {
  test("has vLLM's member at the end, and no header of OpenAI's", () => {
    const plan = write("/vllm/v1/chat/completions", { model: "qwen3", messages });
    expect(jsonOf(plan)).toMatchObject({ object: "chat.completion", model: "qwen3", kv_transfer_params: null });
    expect(plan.head?.headers).toEqual(["content-type", "application/json", "x-request-id", "req_0123456789"]);
  });

  test("to tokenize is that of the path without a prefix", () => {
    const request = { model: "qwen3", prompt: "Hello there" };
    expect(jsonOf(write("/vllm/tokenize", request))).toEqual(jsonOf(write("/tokenize", request)));
  });

  test("as a stream tells its usage only when asked, and has no obfuscation", () => {
    const stream = (more: object) =>
      textsOf(write("/vllm/v1/chat/completions", { model: "m", messages, stream: true, ...more })).join("");
    expect(stream({})).not.toMatch(/usage|obfuscation|^:/);
    expect(stream({ stream_options: { include_usage: true } })).toContain(`"choices":[],"usage":{`);
  });
});

describe("an error", () => {
  test.each([
    [400, "BadRequestError"],
    [404, "NotFoundError"],
    [422, "UnprocessableEntityError"],
    [500, "InternalServerError"],
    [503, "Service Unavailable"],
  ])("of the status %i has it as its code, and the type %s", (status, type) => {
    const { body } = vllm.failure({ status, requestId: "", param: "n" });
    const message = expect.any(String) as string;
    expect(JSON.parse(body)).toEqual({ error: { message, type, param: "n", code: status } });
  });

  test("tells a path that is not there from a model that is not", () => {
    const typeOf = (param?: string): unknown =>
      JSON.parse(vllm.failure({ status: 404, code: "NOT_FOUND", requestId: "", param }).body) as unknown;
    expect(typeOf()).toMatchObject({ error: { type: "Not Found", code: 404 } });
    expect(typeOf("model")).toMatchObject({ error: { type: "NotFoundError", code: 404 } });
  });

  test("of a wrong key is one word, of whatever cause", () => {
    const refused: Failure = { status: 401, requestId: "", code: "UNAUTHENTICATED", message: "No such key." };
    for (const failure of [refused, { status: 401, requestId: "" }]) {
      expect(JSON.parse(vllm.failure(failure).body)).toEqual({ error: "Unauthorized" });
    }
  });

  test("in a stream is an event of the same body", () => {
    const { head, body } = vllm.failure({ status: 500, requestId: "req_1" });
    expect(vllm.failureEvent({ status: 500, requestId: "req_1" })).toBe(`data: ${body}\n\n`);
    expect(header(head.headers, "x-request-id")).toBe("req_1");
  });
});
