import { describe, expect, test } from "vitest";
import { errorTable, type ErrorCode } from "../../../../../src/core/errors.ts";
import { azure } from "../../../../../src/core/dialects/azure/index.ts";
import { findOperation } from "../../../../../src/core/dialects/index.ts";
import type { Failure, Opened } from "../../../../../src/core/dialects/types.ts";
import { bodyOf, bytesOf, chunksOf, header, jsonOf, refusal, scriptOf, textsOf, type Json } from "../support.ts";
import { framesOf } from "../../../../support/frames.ts";

const deployment = "/openai/deployments/mine";
const version = "?api-version=2024-10-21";
const messages = [{ role: "user", content: "hi" }];

function openAt(target: string, request: unknown): Opened {
  const operation = findOperation("POST", target.split("?")[0]!, {}).operation!;
  const content = typeof request === "string" ? request : JSON.stringify(request);
  return operation.open({ headers: {}, target, body: bodyOf(content), count: (text) => text.length });
}

describe("paths", () => {
  test.each([
    ["POST", `${deployment}/chat/completions`, "chat"],
    ["POST", `${deployment}/completions`, "completions"],
    ["POST", `${deployment}/embeddings`, "embeddings"],
    ["POST", "/openai/v1/chat/completions", "chat"],
    ["POST", "/openai/v1/embeddings", "embeddings"],
    ["GET", "/openai/v1/models", "models"],
    ["GET", "/openai/v1/models/gpt-4o", "models"],
    ["GET", "/openai/models", "models"],
    ["GET", "/openai/models/gpt-4o", "models"],
    ["POST", "/openai/responses", "responses"],
    ["POST", "/openai/responses/input_tokens", "input_tokens"],
    ["GET", "/openai/responses/resp_1", "responses"],
    ["DELETE", "/openai/responses/resp_1", "responses"],
    ["GET", "/openai/responses/resp_1/input_items", "responses"],
    ["POST", "/openai/responses/resp_1/cancel", "responses"],
    ["POST", `${deployment}/responses`, "responses"],
    ["GET", `${deployment}/responses/resp_1`, "responses"],
    ["POST", "/openai/v1/responses", "responses"],
    ["GET", "/openai/v1/responses/resp_1", "responses"],
  ])("%s %s is the operation %s", (method, path, name) => {
    expect(findOperation(method, path, {})).toMatchObject({ dialect: { name: "azure" }, operation: { name } });
  });

  test.each([`${deployment}/images/generations`, "/openai/files", "/openai/deployments"])(
    "%s is Azure's, but cannot be simulated",
    (path) => {
      expect(findOperation("POST", path, {})).toMatchObject({ dialect: { name: "azure" }, operation: undefined });
    },
  );
});

describe("the model", () => {
  const chatOf = (body: string): string | undefined =>
    openAt(`${deployment}/chat/completions${version}`, body).facts.model;

  test.each([
    [`{"messages":[]}`, "mine"],
    [` \n{ }`, "mine"],
    [`{"model":"own","messages":[]}`, "own"],
    [`{"messages":[{"role":"user","content":"{\\"model\\":1}"}],"model":"own"}`, "own"],
    [`{"model":null,"messages":[]}`, "mine"],
  ])("of %s is %s", (body, model) => {
    expect(chatOf(body)).toBe(model);
  });

  test.each([
    ["chat/completions", { messages }],
    ["completions", { prompt: "hi" }],
    ["embeddings", { input: "hi" }],
    ["responses", { input: "hi" }],
    ["responses/input_tokens", { input: "hi" }],
  ])("is the deployment for %s, whether none is named or null", (path, request) => {
    const modelOf = (body: object): string => openAt(`${deployment}/${path}${version}`, body).ask().model;
    expect([modelOf(request), modelOf({ ...request, model: null }), modelOf({ ...request, model: "own" })]).toEqual([
      "mine",
      "mine",
      "own",
    ]);
  });

  test("may not be null where no deployment stands in the path", () => {
    expect(refusal(() => openAt("/openai/v1/responses", { model: null, input: "hi" }).ask())).toMatchObject({
      param: "model",
      detail: "invalid_type",
    });
  });

  test("is the deployment in a large body too", () => {
    expect(chatOf(`{"padding":"${"x".repeat(17_000)}"}`)).toBe("mine");
  });

  test("may be encoded in the path, but must be correctly", () => {
    const openWith = (name: string) => openAt(`/openai/deployments/${name}/chat/completions${version}`, { messages });
    expect(openWith("a%20b").facts.model).toBe("a b");
    expect(refusal(() => openWith("%ff"))).toMatchObject({ code: "BODY_INVALID", param: "model" });
  });

  test.each(["", "[]", `"{"`, "{"])("cannot be read from the body %j, which is refused", (body) => {
    expect(refusal(() => chatOf(body))).toMatchObject({ code: "BODY_INVALID" });
  });
});

test("a deployment's path needs a version, but only when it is answered here", () => {
  const { facts, ask } = openAt(`${deployment}/chat/completions`, { messages });
  expect(facts.model).toBe("mine");
  expect(refusal(ask)).toMatchObject({ code: "NOT_FOUND", message: "Resource not found" });
  expect(refusal(() => openAt("/openai/responses", { model: "m", input: "hi" }).ask())).toMatchObject({
    code: "NOT_FOUND",
  });
  expect(openAt("/openai/v1/chat/completions", { model: "m", messages }).ask().model).toBe("m");
});

describe("a response", () => {
  const write = (request: object, path = "chat/completions") =>
    openAt(`${deployment}/${path}${version}`, request)
      .ask()
      .write(scriptOf(["Hello", " there"]));

  test("is OpenAI's, with the results of the filter in front", () => {
    const plan = write({ messages });
    const { prompt_filter_results: prompt, ...response } = jsonOf(plan);
    expect(prompt).toMatchObject([{ prompt_index: 0, content_filter_results: { hate: { filtered: false } } }]);
    expect(response).toMatchObject({ object: "chat.completion", model: "mine", usage: { completion_tokens: 2 } });
    expect(response["choices"]![0]!["content_filter_results"]).toMatchObject({ violence: { severity: "safe" } });
    expect(plan.frames).toMatchObject([{ tokens: 2 }]);
  });

  test("of one choice or several has the same members", () => {
    const members = (n: number) => {
      const response = jsonOf(write({ messages, n }));
      const choices = response["choices"]!.map((choice) => Object.keys(choice));
      return [Object.keys(response).sort(), choices[0]?.sort()];
    };
    expect(members(1)).toEqual(members(2));
  });

  test("whose text looks like a member is left alone", () => {
    const text = `"choices":[{ "finish_reason":`;
    const plan = openAt(`${deployment}/chat/completions${version}`, { messages })
      .ask()
      .write(scriptOf([text]));
    expect(jsonOf(plan)["choices"]![0]!["message"]!["content"]).toBe(text);
    const streamed = openAt(`${deployment}/chat/completions${version}`, { messages, stream: true })
      .ask()
      .write(scriptOf([text]));
    expect(chunksOf(streamed)[2]!["choices"]![0]!["delta"]).toEqual({ content: text });
  });

  test("as a stream is read with the tokens and the end that were planned", () => {
    const plan = write({ messages, stream: true, stream_options: { include_usage: true } });
    const frames = azure.readStream("text/event-stream")!.push(0, bytesOf(textsOf(plan).join("")));
    const worth = (list: readonly { tokens: number; final: boolean }[]) =>
      list.map(({ tokens, final }) => [tokens, final]);
    expect(worth(frames)).toEqual(worth(framesOf(plan)));
    expect(framesOf(plan)[0]?.atMs).toBe(framesOf(plan)[1]?.atMs);
  });

  test.each(["/openai/v1/responses", `/openai/responses${version}`, `${deployment}/responses${version}`])(
    "at %s is a response with what the filter found, which is not known before it is over",
    (target) => {
      const ask = (more: object) =>
        openAt(target, { model: "mine", input: "hi", ...more })
          .ask()
          .write(scriptOf(["Hello"]));
      const filters = [
        { blocked: false, source_type: "prompt", content_filter_results: { jailbreak: { detected: false } } },
        { blocked: false, source_type: "completion", content_filter_results: { hate: { severity: "safe" } } },
      ];
      expect(jsonOf(ask({}))).toMatchObject({ object: "response", model: "mine", content_filters: filters });
      const events = textsOf(ask({ stream: true })).map((text) => JSON.parse(text.slice(text.indexOf("{"))) as Json);
      expect(events.at(0)).toMatchObject({ type: "response.created", response: { content_filters: null } });
      expect(events.at(-1)).toMatchObject({ type: "response.completed", response: { content_filters: filters } });
    },
  );

  test("of embeddings has no such results", () => {
    expect(Object.keys(jsonOf(write({ input: "a" }, "embeddings")))).not.toContain("prompt_filter_results");
  });
});

describe("an error", () => {
  const render = (failure: Omit<Failure, "requestId">) => {
    const { head, body } = azure.failure({ requestId: "req_1", ...failure });
    return { headers: head.headers, error: (JSON.parse(body) as { error: Record<string, unknown> }).error };
  };

  test.each([
    [401, "401"],
    [403, "403"],
    [404, "DeploymentNotFound"],
    [408, "Timeout"],
    [418, "418"],
    [429, "429"],
    [500, "InternalServerError"],
    [503, "ServiceUnavailable"],
    [599, "599"],
  ])("for the injected status %i has a code and a message, and nothing else", (status, code) => {
    expect(render({ status }).error).toEqual({ code, message: expect.stringMatching(/^[A-Z].+\.$/) as string });
  });

  test.each<[ErrorCode, string]>([
    ["UNAUTHENTICATED", "401"],
    ["RATE_LIMITED", "429"],
    ["METHOD_NOT_ALLOWED", "405"],
    ["NOT_FOUND", "404"],
    ["QUEUE_FULL", "QUEUE_FULL"],
  ])("of ours, %s, keeps its message", (code, shown) => {
    const { error } = render({ status: errorTable[code].status, code, message: "In our words." });
    expect(error).toEqual({ code: shown, message: "In our words." });
  });

  test("for an unknown model is about the deployment", () => {
    expect(render({ status: 404, code: "NOT_FOUND", param: "model" }).error["code"]).toBe("DeploymentNotFound");
  });

  test("for a request that the model refuses has OpenAI's shape", () => {
    const { error } = render({
      status: 400,
      code: "BODY_INVALID",
      message: "Bad.",
      param: "n",
      detail: "invalid_type",
    });
    expect(error).toEqual({ message: "Bad.", type: "invalid_request_error", param: "n", code: "invalid_type" });
  });

  test.each(["quota", "too-large"] as const)("that only looks like one to retry has no wait: %s", (variant) => {
    const { headers, error } = render({ status: 429, variant });
    expect(header(headers, "retry-after")).toBeUndefined();
    expect(error["message"]).not.toContain("retry after");
  });

  test("in a stream is an event", () => {
    expect(azure.failureEvent({ status: 500, requestId: "" })).toMatch(/^data: \{"error":\{"code":.*\}\}\n\n$/);
  });

  test("in a response has its place among the events, and the error is an object", () => {
    const event = String(azure.failureEvent({ status: 429, requestId: "" }, { operation: "responses", events: 4 }));
    expect(event).toMatch(/^event: error\ndata: \{.*\}\n\n$/);
    expect(JSON.parse(event.slice(event.indexOf("{")))).toEqual({
      type: "error",
      error: { code: "429", message: expect.any(String) as string },
      sequence_number: 4,
    });
  });
});

test("the quota is told in plain seconds", () => {
  const requests = { limit: 60, remaining: -1, resetMs: 1200 };
  const headers = azure.quotaHeaders({ requests, tokens: { limit: 1000, remaining: 10.5, resetMs: -5 } }, 0);
  const shown = ["limit", "remaining", "reset"].flatMap((name) =>
    ["requests", "tokens"].map((unit) => header(headers, `x-ratelimit-${name}-${unit}`)),
  );
  expect(shown).toEqual(["60", "1000", "0", "10", "2", "0"]);
  expect(azure.quotaHeaders({}, 0)).toEqual([]);
});
