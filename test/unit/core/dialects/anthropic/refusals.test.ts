import { describe, expect, test } from "vitest";
import { countTokens, messages } from "../../../../../src/core/dialects/anthropic/operations.ts";
import { ask, headers, newHeaders, valid } from "./support.ts";
import { open, refusal } from "../support.ts";

const required = "Field required";
const user = valid.messages[0]!;
const f = { name: "f", input_schema: { type: "object" } };
const saying = (...content: readonly unknown[]) => ({ messages: [{ role: "user", content }] });
const answering = (...content: readonly unknown[]) => ({ messages: [user, { role: "assistant", content }] });
const turns = (...list: readonly (readonly [role: string, ...content: object[]])[]) => ({
  messages: list.map(([role, ...content]) => ({ role, content: content.length === 0 ? "x" : content })),
});
const call = { type: "tool_use", id: "t1", name: "f", input: {} };
const result = { type: "tool_result", tool_use_id: "t1", content: "x" };
const thinking = { type: "enabled", budget_tokens: 2000 };

describe("each mistake is refused with its path and in the provider's words", () => {
  test.each<[path: string, problem: string, request: object]>([
    ["model", required, { model: undefined }],
    ["model", "Input should be a valid string", { model: 5 }],
    ["model", "String should have at least 1 character", { model: "" }],
    ["model", "String should have at most 256 characters", { model: "m".repeat(257) }],
    ["max_tokens", required, { max_tokens: undefined }],
    ["max_tokens", "Input should be a valid integer", { max_tokens: "5" }],
    ["max_tokens", "Input should be a valid integer", { max_tokens: 1.5 }],
    ["max_tokens", "Input should be greater than or equal to 0", { max_tokens: -1 }],
    ["messages", required, { messages: undefined }],
    ["messages", "Input should be a valid list", { messages: "hi" }],
    ["messages", "at least one message is required", { messages: [] }],
    ["messages", 'first message must use the "user" role', turns(["assistant"])],
    ["messages.0", "Input should be an object", { messages: ["hi"] }],
    ["messages.0.role", required, { messages: [{ content: "x" }] }],
    [
      "messages.0.role",
      "Input should be 'user', 'assistant' or 'system'",
      { messages: [{ role: "tool", content: "x" }] },
    ],
    ["messages.0.content", required, { messages: [{ role: "user" }] }],
    ["messages.0.content", "Input should be a valid string or list", { messages: [{ role: "user", content: 1 }] }],
    ["messages.0.content.0", "Input should be an object", saying("x")],
    ["messages.0.content.1.type", required, saying({ type: "text", text: "x" }, {})],
    ["messages.0.content.0.text.text", required, saying({ type: "text" })],
    ["messages.0.content.0.image.source", required, saying({ type: "image" })],
    ["messages.0.content.0.image.source.url.url", required, saying({ type: "image", source: { type: "url" } })],
    [
      "messages.0.content.0.image.source.base64.media_type",
      "Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'",
      saying({ type: "image", source: { type: "base64", media_type: "image/bmp", data: "" } }),
    ],
    [
      "messages.0.content.0.document.source.content.content",
      "Input should be a valid string or list",
      saying({ type: "document", source: { type: "content" } }),
    ],
    ["messages.0.content.0", "`tool_use` blocks can only be in `assistant` messages", saying(call)],
    ["messages.1.content.0", "`tool_result` blocks can only be in `user` messages", answering(result)],
    ["messages.1.content.0.tool_use.input", "Input should be an object", answering({ ...call, input: "{}" })],
    ["messages.1.content.0.thinking.signature", required, answering({ type: "thinking", thinking: "" })],
    ["messages.0.content.0.tool_result.tool_use_id", required, saying({ type: "tool_result" })],
    [
      "messages.0.content.0.tool_result.content",
      "Input should be a valid list",
      saying({ type: "tool_result", tool_use_id: "t", content: 5 }),
    ],
    [
      "messages.0.content.0.tool_result.content.0.text.text",
      required,
      saying({ type: "tool_result", tool_use_id: "t", content: [{ type: "text" }] }),
    ],
    ["system", "Input should be a valid string or list", { system: 5 }],
    ["system.0.text", required, { system: [{ type: "text" }] }],
    ["stream", "Input should be a valid boolean", { stream: "yes" }],
    ["stop_sequences", "Input should be a valid list", { stop_sequences: "x" }],
    ["stop_sequences.0", "Input should be a valid string", { stop_sequences: [1] }],
    ["stop_sequences", "each stop sequence must contain non-whitespace", { stop_sequences: ["a", " \n"] }],
    ["temperature", "Input should be less than or equal to 1", { temperature: 2 }],
    ["top_p", "Input should be a valid number", { top_p: "1" }],
    ["top_k", "Input should be a valid integer", { top_k: 0.5 }],
    ["service_tier", "Input should be 'auto' or 'standard_only'", { service_tier: "fast" }],
    ["metadata.user_id", "Input should be a valid string", { metadata: { user_id: 5 } }],
    ["container", "Input should be an object", { container: 5 }],
    ["max_token", "Extra inputs are not permitted", { max_token: 5 }],
    ["tools", "Input should be a valid list", { tools: {} }],
    ["tools.0.custom.name", required, { tools: [{}] }],
    ["tools.0.custom.name", "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'", { tools: [{ ...f, name: "a b" }] }],
    ["tools.0.custom.input_schema", required, { tools: [{ name: "f" }] }],
    ["tools.0.custom.input_schema.type", required, { tools: [{ name: "f", input_schema: {} }] }],
    [
      "tools.0.custom.input_schema.type",
      "Input should be 'object'",
      { tools: [{ name: "f", input_schema: { type: "array" } }] },
    ],
    ["tools", "Tool names must be unique.", { tools: [f, f] }],
    ["tool_choice", "Input should be an object", { tools: [f], tool_choice: "auto" }],
    ["tool_choice.tool.name", required, { tools: [f], tool_choice: { type: "tool" } }],
    [
      "tool_choice.any.disable_parallel_tool_use",
      "Input should be a valid boolean",
      { tools: [f], tool_choice: { type: "any", disable_parallel_tool_use: 1 } },
    ],
    ["thinking.type", required, { thinking: {} }],
    ["thinking.enabled.budget_tokens", required, { thinking: { type: "enabled" } }],
    [
      "thinking.enabled.budget_tokens",
      "Input should be greater than or equal to 1024",
      { thinking: { type: "enabled", budget_tokens: 512 } },
    ],
    [
      "thinking.adaptive.display",
      "Input should be 'summarized' or 'omitted'",
      { thinking: { type: "adaptive", display: "x" } },
    ],
    ["speed", "Input should be 'standard' or 'fast'", { speed: "slow" }],
    ["output_config.format.schema", required, { output_config: { format: { type: "json_schema" } } }],
  ])("%s: %s", (path, problem, request) => {
    expect(refusal(() => ask(request))).toEqual({
      code: "BODY_INVALID",
      param: path,
      detail: undefined,
      message: `${path}: ${problem}`,
    });
  });

  test("a kind that there is not is refused with those that there are", () => {
    expect(refusal(() => ask(saying({ type: "video" }))).message).toMatch(
      /^messages\.0\.content\.0: Input tag 'video' found using 'type' does not match any of the expected tags: 'text', 'image', /,
    );
  });

  test.each<[string, object]>([
    ["`max_tokens` must be greater than `thinking.budget_tokens`.", { max_tokens: 2000, thinking }],
    [
      "Thinking may not be enabled when tool_choice forces tool use.",
      { tools: [f], tool_choice: { type: "any" }, thinking },
    ],
    ["tool_choice may only be specified while providing tools.", { tool_choice: { type: "any" } }],
    ["Tool 'g' not found in provided tools", { tools: [f], tool_choice: { type: "tool", name: "g" } }],
  ])("%s", (message, request) => {
    expect(refusal(() => ask(request)).message).toBe(message);
  });
});

describe("calls of tools and their results", () => {
  test.each([
    ["in the next turn", turns(["user"], ["assistant", call], ["user", result])],
    ["in two messages of that turn", turns(["user"], ["assistant", call], ["user"], ["user", result])],
    ["after a message of the system", turns(["user"], ["assistant", call], ["system"], ["user", result])],
    ["that are still to come", turns(["user"], ["assistant", call])],
  ])("may be %s", (_, request) => {
    expect(ask(request).model).toBe("claude");
  });

  test("must not be without a result", () => {
    expect(refusal(() => ask(turns(["user"], ["assistant", call], ["user"])))).toMatchObject({
      param: "messages.1",
      message: expect.stringContaining("`tool_use` ids were found without `tool_result` blocks immediately after: t1."),
    });
  });

  test.each([
    ["in the first turn", turns(["user", result]), "messages.0.content.0"],
    [
      "of another call",
      turns(["user"], ["assistant", call], ["user", result, { ...result, tool_use_id: "t2" }]),
      "messages.2.content.1",
    ],
    [
      "a turn later",
      turns(["user"], ["assistant", call], ["user", result], ["assistant"], ["user", result]),
      "messages.4.content.0",
    ],
  ])("must not be results %s", (_, request, param) => {
    const refused = refusal(() => ask(request));
    expect(refused.param).toBe(param);
    expect(refused.message).toContain("unexpected `tool_use_id` found in `tool_result` blocks: t");
  });
});

describe("the version", () => {
  test.each([
    [{}, "anthropic-version: header is required"],
    [
      { "anthropic-version": "2023-06-01, 2023-06-01" },
      'anthropic-version: "2023-06-01, 2023-06-01" is not a valid version',
    ],
    [{ "anthropic-version": "2024-10-22" }, 'anthropic-version: "2024-10-22" is not a valid version'],
    [{ "anthropic-version": "latest" }, 'anthropic-version: "latest" is not a valid version'],
  ])("%j is refused", (given, message) => {
    expect(refusal(() => ask({}, given)).message).toBe(message);
    expect(refusal(() => open(countTokens, valid, { headers: given }).ask()).message).toBe(message);
  });

  test.each(["temperature", "top_p", "top_k"])("of October 2026 has no %s", (name) => {
    expect(refusal(() => ask({ [name]: 1 }, newHeaders)).message).toBe(`${name}: Extra inputs are not permitted`);
  });

  test("of October 2026 has no documents in messages of the assistant", () => {
    const document = answering({ type: "document", source: { type: "url", url: "u" } });
    expect(refusal(() => ask(document, newHeaders)).param).toBe("messages.1.content.0.document");
  });
});

describe("a thread", () => {
  const beta = { ...newHeaders, "anthropic-beta": "message-threads-2026-08-12" };

  test("may be begun", () => {
    expect(ask({ thread: { type: "create" } }, beta).model).toBe("claude");
  });

  test("cannot be continued, which is told as the provider tells of one that was lost", () => {
    const thread = { type: "continue", previous_message_id: "msg_1" };
    expect(refusal(() => ask({ thread, messages: [] }, beta))).toMatchObject({
      code: "NOT_FOUND",
      param: "thread",
      detail: "thread_not_found",
    });
  });
});

test("a body that is no JSON object is refused", () => {
  expect(refusal(() => open(messages, "[]", { headers })).code).toBe("BODY_INVALID");
});

test("a request to count needs no max_tokens, and is checked all the same", () => {
  const { max_tokens: _, ...countable } = valid;
  expect(open(countTokens, countable, { headers }).ask()).toMatchObject({ maxTokens: 0, promptTokens: 9 });
  expect(refusal(() => open(countTokens, { ...countable, messages: [] }, { headers }).ask()).param).toBe("messages");
});
