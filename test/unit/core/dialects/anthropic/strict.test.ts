import { describe, expect, test } from "vitest";
import { messages } from "../../../../../src/core/dialects/anthropic/operations.ts";
import { open, refusal } from "../support.ts";
import { headers, valid } from "./support.ts";

const mark = { cache_control: { type: "ephemeral" } };
const said = (...content: readonly object[]) => ({ messages: [{ role: "user", content }] });
const text = (words: string, more: object = {}) => ({ type: "text", text: words, ...more });
const marked = text("x", mark);
const { messages: asked } = valid;

function ask(request: object, fidelity?: "lenient", more: Readonly<Record<string, string>> = {}) {
  const opened = open(messages, { ...valid, ...request }, { headers: { ...headers, ...more } });
  return opened.ask({ fidelity });
}

const refused: readonly (readonly [why: string, request: object, message: string])[] = [
  [
    "a message without content",
    { messages: [{ role: "user", content: "" }] },
    "messages.0: all messages must have non-empty content except for the optional final assistant message",
  ],
  [
    "a message without blocks",
    { messages: [...asked, { role: "assistant", content: [] }, ...asked] },
    "messages.1: all messages must have non-empty content except for the optional final assistant message",
  ],
  ["an empty text", said(text("")), "messages: text content blocks must be non-empty"],
  ["a blank text", said(text(" \n")), "messages: text content blocks must contain non-whitespace text"],
  [
    "a blank message",
    { messages: [{ role: "user", content: "\n" }] },
    "messages: text content blocks must contain non-whitespace text",
  ],
  ["an empty system prompt", { system: [text("")] }, "system: text content blocks must be non-empty"],
  [
    "a mark on an empty text",
    said(text("a"), text("", mark)),
    "messages.0.content.1.text: cache_control cannot be set for empty text blocks",
  ],
  [
    "a beginning of the response that ends in a blank",
    { messages: [...asked, { role: "assistant", content: "{ " }] },
    "messages: final assistant content cannot end with trailing whitespace",
  ],
  [
    "five marks",
    {
      ...said(marked, marked),
      system: [marked],
      tools: [{ name: "f", input_schema: { type: "object" }, ...mark }],
      ...mark,
    },
    "A maximum of 4 blocks with cache_control may be provided. Found 5.",
  ],
  ["context management", { context_management: {} }, "context_management: Extra inputs are not permitted"],
  ["servers of tools", { mcp_servers: [] }, "mcp_servers: Extra inputs are not permitted"],
];

describe("what the provider refuses although its document allows it", () => {
  test.each(refused)("is refused in its words: %s", (_, request, message) => {
    expect(refusal(() => ask(request))).toMatchObject({ code: "BODY_INVALID", message });
  });

  test.each(refused)("is taken where that is wished: %s", (_, request) => {
    expect(ask(request, "lenient").model).toBe("claude");
  });
});

describe("what the provider takes", () => {
  test("is an empty beginning of the response", () => {
    expect(ask({ messages: [...asked, { role: "assistant", content: "" }] }).model).toBe("claude");
  });

  test("is four marks", () => {
    expect(ask({ ...said(marked, marked, marked), system: [marked] }).model).toBe("claude");
  });

  test.each([
    ["context_management", {}, "context-management-2025-06-27"],
    ["context_management", {}, "other-1, compact-2026-01-12"],
    ["mcp_servers", [], "mcp-client-2025-11-20"],
  ])("is %s %j with the beta %s", (name, value, beta) => {
    expect(ask({ [name]: value }, undefined, { "anthropic-beta": beta }).model).toBe("claude");
  });

  test("is not a member of a beta with another beta", () => {
    const other = { "anthropic-beta": "mcp-client-2025-11-20" };
    const { message } = refusal(() => ask({ context_management: {} }, undefined, other));
    expect(message).toBe("context_management: Extra inputs are not permitted");
  });
});
