import { describe, expect, test } from "vitest";
import { wordOf, type Json } from "../../support.ts";
import { createCaller } from "../kept-support.ts";

const said = { role: "user", content: "Hello there you" };
const tool = { type: "function", name: "find", parameters: { type: "object", properties: {} } };
const conversations = "/v1/conversations";

function idsOf(list: Json): string[] {
  return list["data"]!.map((item) => wordOf(item["id"]));
}

function setUp() {
  const caller = createCaller();
  const create = (body?: object): string => wordOf(caller.ask("POST", conversations, body)["id"]);
  const respond = (body: object): Json => caller.ask("POST", "/v1/responses", { model: "gpt-4o", ...body });
  return { ...caller, create, respond };
}

describe("a conversation", () => {
  test("is created with metadata and items, and found again", () => {
    const { ask, create } = setUp();
    const id = create({ metadata: { topic: "a" }, items: [said] });
    expect(id).toMatch(/^conv_[0-9a-f]{48}$/);
    expect(ask("GET", `${conversations}/${id}`)).toEqual({
      id,
      object: "conversation",
      created_at: 1_700_000_000,
      metadata: { topic: "a" },
    });
    expect(ask("GET", `${conversations}/${id}/items`)).toMatchObject({
      object: "list",
      data: [{ type: "message", role: "user", content: [{ type: "input_text", text: "Hello there you" }] }],
      has_more: false,
    });
  });

  test("needs no body", () => {
    const { ask, create } = setUp();
    expect(ask("GET", `${conversations}/${create()}/items`)["data"]).toEqual([]);
  });

  test("takes other metadata, and keeps its items", () => {
    const { ask, create } = setUp();
    const id = create({ items: [said] });
    expect(ask("POST", `${conversations}/${id}`, { metadata: { a: "b" } })).toMatchObject({ metadata: { a: "b" } });
    expect(ask("GET", `${conversations}/${id}/items`)["data"]).toHaveLength(1);
  });

  test("takes further items, of which each can be asked for and removed", () => {
    const { ask, create, refused } = setUp();
    const id = create({ items: [said] });
    const added = ask("POST", `${conversations}/${id}/items`, { items: [said, { ...said, role: "developer" }] });
    const [first, second] = idsOf(added);
    expect(idsOf(ask("GET", `${conversations}/${id}/items?order=asc`)).slice(1)).toEqual([first, second]);
    expect(ask("GET", `${conversations}/${id}/items/${second}`)).toMatchObject({ id: second, role: "developer" });
    expect(ask("DELETE", `${conversations}/${id}/items/${first}`)).toMatchObject({ id, object: "conversation" });
    expect(refused("GET", `${conversations}/${id}/items/${first}`)).toMatchObject({ code: "NOT_FOUND" });
    expect(ask("GET", `${conversations}/${id}/items?limit=1`)).toMatchObject({ has_more: true, first_id: second });
  });

  test("that is deleted is gone", () => {
    const { ask, create, refused } = setUp();
    const id = create();
    expect(ask("DELETE", `${conversations}/${id}`)).toEqual({ id, object: "conversation.deleted", deleted: true });
    expect(refused("GET", `${conversations}/${id}`)).toMatchObject({
      code: "NOT_FOUND",
      detail: null,
      message: `Conversation with id '${id}' not found.`,
    });
  });

  test.each<[string, string, object | undefined, string]>([
    ["POST", conversations, { metadata: { a: 1 } }, "metadata.a"],
    ["POST", conversations, { items: "a" }, "items"],
    ["POST", conversations, { items: [{ role: "tool", content: "" }] }, "items[0].role"],
    ["POST", conversations, { items: Array.from({ length: 21 }, () => said) }, "items"],
  ])("is refused where %s %s has %j", (method, target, body, param) => {
    expect(setUp().refused(method, target, body)).toMatchObject({ code: "BODY_INVALID", param });
  });

  test("is refused other metadata that are none, and items that are none", () => {
    const { create, refused } = setUp();
    const path = `${conversations}/${create()}`;
    expect(refused("POST", path, {})).toMatchObject({ param: "metadata" });
    expect(refused("POST", `${path}/items`, {})).toMatchObject({ param: "items" });
  });
});

describe("a response of a conversation", () => {
  test("tells it, and adds what was asked and what was said", () => {
    const { ask, create, respond } = setUp();
    const id = create({ items: [said] });
    const response = respond({ input: "And you?", conversation: id });
    expect(response["conversation"]).toEqual({ id });
    expect(ask("GET", `${conversations}/${id}/items?order=asc`)["data"]).toMatchObject([
      { role: "user", content: [{ text: "Hello there you" }] },
      { role: "user", content: [{ text: "And you?" }] },
      { role: "assistant", content: [{ type: "output_text", text: "ab" }] },
    ]);
  });

  test("counts what was said before, streamed or not", () => {
    const { create, respond, texts } = setUp();
    const tokens = (response: Json): number => response["usage"]!["input_tokens"] as unknown as number;
    const alone = tokens(respond({ input: "And you?" }));
    const id = create({ items: [said] });
    const first = respond({ input: "And you?", conversation: { id } });
    expect(tokens(first)).toBeGreaterThan(alone);
    texts("POST", "/v1/responses", { model: "gpt-4o", input: "So", stream: true, conversation: id });
    expect(tokens(respond({ input: "And you?", conversation: id }))).toBeGreaterThan(tokens(first) + alone);
  });

  test("may bring the result of a call that was made in it, and of no other", () => {
    const { create, respond, refused } = setUp();
    const conversation = create();
    const call = respond({ input: "Find", conversation, tools: [tool], tool_choice: "required" })["output"]![0]!;
    const result = { type: "function_call_output", call_id: call["call_id"], output: "here" };
    expect(respond({ input: [result], conversation })["status"]).toBe("completed");
    const foreign = { model: "gpt-4o", input: [{ ...result, call_id: "call_0" }], conversation };
    expect(refused("POST", "/v1/responses", foreign)).toMatchObject({ code: "BODY_INVALID", param: "input" });
  });

  test("needs no input of its own", () => {
    const { create, respond } = setUp();
    expect(respond({ conversation: create({ items: [said] }) })["status"]).toBe("completed");
  });

  test("is refused where it is unknown, of a wrong type, or beside an earlier response", () => {
    const { create, refused } = setUp();
    const refusedFor = (more: object) => refused("POST", "/v1/responses", { model: "m", input: "Hi", ...more });
    expect(refusedFor({ conversation: "conv_1" })).toMatchObject({ code: "NOT_FOUND" });
    expect(refusedFor({ conversation: 5 })).toMatchObject({ param: "conversation", detail: "invalid_type" });
    expect(refusedFor({ conversation: {} })).toMatchObject({ param: "conversation.id" });
    expect(refusedFor({ conversation: create(), previous_response_id: "resp_1" })).toMatchObject({
      param: "previous_response_id",
      detail: "mutually_exclusive_parameters",
    });
  });
});

describe("a compaction", () => {
  const compact = "/v1/responses/compact";

  test("has the messages of the user and an item for the rest, which can be input again", () => {
    const { ask, respond } = setUp();
    const input = [said, { role: "assistant", content: "Hello." }, { role: "user", content: "More" }];
    const made = ask("POST", compact, { model: "gpt-5", input });
    expect(made).toMatchObject({
      object: "response.compaction",
      output: [
        { type: "message", role: "user" },
        { type: "message", role: "user" },
        { type: "compaction", id: expect.stringMatching(/^cmp_/) as string },
      ],
      usage: { output_tokens: 2 },
    });
    expect(respond({ input: made["output"] })["status"]).toBe("completed");
  });

  test("is refused without a model, and for an unknown response", () => {
    const { refused } = setUp();
    expect(refused("POST", compact, { input: "a" })).toMatchObject({ param: "model" });
    expect(refused("POST", compact, { model: "m", previous_response_id: "resp_1" })).toMatchObject({
      param: "previous_response_id",
    });
  });
});

test("a path below the responses that is none of theirs does not exist", () => {
  expect(setUp().refused("POST", "/v1/responses/polish", {})).toMatchObject({
    code: "NOT_FOUND",
    message: "Invalid URL (POST /v1/responses/polish)",
  });
});
