import { describe, expect, test } from "vitest";
import { createRng } from "../../../../../src/core/rng.ts";
import { countOf } from "../../../../../src/core/simulator/parts.ts";
import { messages } from "../../../../../src/core/dialects/anthropic/operations.ts";
import { ask, headers, newHeaders, partsOf, valid } from "./support.ts";
import { header, jsonOf, open, scriptOf } from "../support.ts";

const tools = [
  { name: "f", input_schema: { type: "object", properties: { n: { type: "integer" } }, required: ["n"] } },
  { name: "g", input_schema: { type: "object" } },
];

describe("facts", () => {
  test.each([
    ["small", {}],
    ["large", { padding: "x ".repeat(12_000) }],
  ])("of a %s request tell model, stream and the last message of the user", (_, more) => {
    const content = [
      { type: "text", text: "one" },
      { type: "image", source: {} },
      { type: "text", text: "two" },
    ];
    const list = [
      { role: "user", content },
      { role: "assistant", content: "x" },
    ];
    const { facts } = open(messages, { ...valid, stream: true, messages: list, ...more });
    expect(facts).toMatchObject({ model: "claude", stream: true });
    expect(facts.lastUserMessage()).toBe("one\ntwo");
  });

  test("of a request that is none are empty, and nothing is refused before it is asked", () => {
    const { facts } = open(messages, { model: 5, messages: "x", tools: 3, system: [1] });
    expect([facts.model, facts.stream, facts.promptTokens(), facts.lastUserMessage()]).toEqual([
      undefined,
      false,
      3,
      undefined,
    ]);
  });
});

describe("a valid request", () => {
  test("is told in the simulator's terms", () => {
    expect(ask({ stream: true, max_tokens: 9 })).toMatchObject({
      model: "claude",
      stream: true,
      promptTokens: 2 + 4 + 3,
      maxTokens: 9,
      seed: undefined,
    });
  });

  test("for prose has nothing to compose", () => {
    expect(ask({ tools, tool_choice: { type: "none" } }).compose).toBeUndefined();
    expect(ask({ thinking: { type: "disabled" } }).compose).toBeUndefined();
    expect(ask({ thinking: { type: "between_tools" } }).compose).toBeUndefined();
  });

  /** The kinds of parts that are composed, over many draws. */
  function kinds(request: object): string[] {
    const { compose } = ask(request);
    const drawn = Array.from({ length: 20 }, (_, seed) => compose?.(50, createRng(seed)) ?? []);
    return [...new Set(drawn.map((parts) => parts.map(({ kind, name }) => name ?? kind).join(" ")))].sort();
  }

  test("with tools calls one or several of them", () => {
    expect(kinds({ tools })).toEqual(["f", "f g", "g", "g f"]);
    expect(kinds({ tools, tool_choice: { type: "any" } })).toEqual(["f", "f g", "g", "g f"]);
    expect(kinds({ tools, tool_choice: { type: "auto", disable_parallel_tool_use: true } })).toEqual(["f", "g"]);
    expect(kinds({ tools, tool_choice: { type: "tool", name: "g" } })).toEqual(["g"]);
  });

  test("that gives the result of a tool is answered in words, unless a call is forced", () => {
    const list = [
      ...valid.messages,
      { role: "assistant", content: [{ type: "tool_use", id: "t", name: "f", input: {} }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "t" }] },
    ];
    expect(ask({ tools, messages: list }).compose).toBeUndefined();
    expect(kinds({ tools, messages: list, tool_choice: { type: "tool", name: "f" } })).toEqual(["f"]);
  });

  test.each([
    [{ type: "bash_20250124", name: "bash" }, { command: "pwd" }],
    [
      { type: "text_editor_20250728", name: "str_replace_based_edit_tool" },
      { command: "view", path: "/" },
    ],
    [{ type: "computer_20251124", name: "computer" }, { action: "screenshot" }],
    [
      { type: "memory_20250818", name: "memory" },
      { command: "view", path: "/memories" },
    ],
  ])("with the provider's tool %j calls it in a way that changes nothing", (tool, input) => {
    const [part] = ask({ tools: [tool] }).compose?.(50, createRng(1)) ?? [];
    expect(part).toMatchObject({ kind: "call", name: tool.name, text: JSON.stringify(input) });
  });

  test("never calls a tool that the provider runs itself", () => {
    const given = [
      { type: "web_search_20250305", name: "web_search" },
      { type: "mcp_toolset", mcp_server_name: "s" },
    ];
    expect(ask({ tools: given }).compose).toBeUndefined();
  });

  test.each([
    ["output_config", { output_config: { format: { type: "json_schema", schema: { const: { a: 1 } } } } }],
    ["output_format", { output_format: { type: "json_schema", schema: { const: { a: 1 } } } }],
  ])("with a schema in %s is answered by an instance of it", (_, more) => {
    const parts = ask(more).compose?.(50, createRng(1));
    expect(parts).toMatchObject([{ kind: "text", text: '{"a":1}' }]);
  });

  test.each([
    [{ type: "enabled", budget_tokens: 1024 }, 200, 100],
    [{ type: "enabled", budget_tokens: 1024 }, 4000, 1024],
    [{ type: "adaptive" }, 4000, 2000],
  ])("with %j thinks for half of its tokens, but not above the budget: %i tokens", (thinking, tokens, thought) => {
    const parts = ask({ thinking }).compose?.(tokens, createRng(1)) ?? [];
    expect(parts.map(({ kind }) => kind)).toEqual(["reasoning", "text"]);
    expect([countOf(parts.slice(0, 1)), countOf(parts)]).toEqual([thought, tokens]);
  });

  test("may be empty, to fill the cache only", () => {
    const empty = ask({ max_tokens: 0 });
    expect(empty.maxTokens).toBe(0);
    expect(jsonOf(empty.write(scriptOf([], { parts: [] })))).toMatchObject({ content: [], stop_reason: "max_tokens" });
  });

  const dated = { type: "text", text: "x", cache_control: { type: "ephemeral" } };
  const image = { type: "image", source: { type: "base64", media_type: "image/png", data: "aGk=" } };
  test.each<[string, object]>([
    ["sampling", { temperature: 0, top_p: 1, top_k: 5 }],
    ["a system prompt in blocks", { system: [dated] }],
    [
      "settings that change nothing",
      { metadata: { user_id: "u" }, service_tier: "auto", container: "c", speed: "fast" },
    ],
    ["a container and a place", { container: { id: "c" }, inference_geo: "eu" }],
    ["nulls", { system: null, tools: null, thinking: null, stop_sequences: null, stream: null, metadata: null }],
    ["turns of one role in a row", { messages: [...valid.messages, ...valid.messages] }],
    ["a beginning of the response", { messages: [...valid.messages, { role: "assistant", content: "{" }] }],
    ["a system message between", { messages: [...valid.messages, { role: "system", content: "x" }] }],
    [
      "every kind of block",
      {
        messages: [
          {
            role: "user",
            content: [
              image,
              { type: "image", source: { type: "url", url: "u" } },
              { type: "document", source: { type: "file", file_id: "f" } },
              { type: "document", source: { type: "text", media_type: "text/plain", data: "d" } },
              { type: "document", source: { type: "content", content: [image] } },
              { type: "search_result" },
            ],
          },
          {
            role: "assistant",
            content: [
              { type: "thinking", thinking: "", signature: "s" },
              { type: "redacted_thinking", data: "d" },
              { type: "document", source: { type: "url", url: "u" } },
              { type: "tool_use", id: "t", name: "f", input: {} },
            ],
          },
          { role: "user", content: [{ type: "tool_result", tool_use_id: "t", content: [image], is_error: true }] },
        ],
      },
    ],
    [
      "the state of a browser in the result of a tool",
      {
        messages: [
          ...valid.messages,
          { role: "assistant", content: [{ type: "tool_use", id: "t", name: "f", input: {} }] },
          {
            role: "user",
            content: [{ type: "tool_result", tool_use_id: "t", content: [{ type: "browser_state", tabs: [] }] }],
          },
        ],
      },
    ],
  ])("may have %s", (_, more) => {
    expect(ask(more).model).toBe("claude");
  });

  test("may have members of features in beta, when it says so", () => {
    expect(ask({ billing_policy: {} }, { ...headers, "anthropic-beta": "x" }).model).toBe("claude");
  });

  test("may ask in beta for news of its thinking", () => {
    const request = { thinking: { type: "adaptive", display: "updates" } };
    expect(ask(request, { ...headers, "anthropic-beta": "x" }).model).toBe("claude");
  });

  test("may change settings in a message that says nothing", () => {
    const messages = [...valid.messages, { role: "system", output_config: { effort: "low" } }];
    expect(ask({ messages }).model).toBe("claude");
  });

  test("may ask for a version that is newer than any known here", () => {
    expect(ask({}, { "anthropic-version": "2031-01-01" }).model).toBe("claude");
  });
});

describe("a whole message", () => {
  test("has every member of the provider's", () => {
    const plan = ask({}, newHeaders).write(scriptOf(["Hello", ' "you"', "\n🙂"]));
    expect(jsonOf(plan)).toEqual({
      id: expect.stringMatching(/^msg_01[\w]{22}$/),
      type: "message",
      role: "assistant",
      model: "claude",
      content: [{ type: "text", text: 'Hello "you"\n🙂', citations: null }],
      stop_reason: "end_turn",
      stop_sequence: null,
      stop_details: null,
      container: null,
      diagnostics: null,
      usage: {
        input_tokens: 9,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 0,
        cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
        output_tokens: 3,
        output_tokens_details: { thinking_tokens: 0 },
        server_tool_use: null,
        service_tier: "standard",
        inference_geo: "global",
        speed: "standard",
      },
    });
    expect(plan.frames).toMatchObject([{ tokens: 3, final: false, atMs: plan.endAtMs }]);
  });

  test("names its call and an organization in the headers", () => {
    const { headers: sent } = ask({}).write(scriptOf(["a"])).head!;
    expect(header(sent, "request-id")).toBe("req_0123456789");
    expect(header(sent, "anthropic-organization-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("has its id from the call, and each tool call an id of its own", () => {
    const ids = (id: string): unknown[] => {
      const script = { ...partsOf(["call", "{}", "f"], ["call", "{}", "g"]), id };
      const message = jsonOf(ask({ tools }).write(script));
      return [message["id"], ...message["content"]!.map((block) => block["id"])];
    };
    expect(ids("req_1")).toEqual(ids("req_1"));
    expect(new Set([...ids("req_1"), ...ids("req_2")]).size).toBe(6);
  });

  test("with thinking and a call has a block of each, and says why it ended", () => {
    const script = partsOf(["reasoning", "let me see"], ["call", '{"n": 5}', "f"]);
    const message = jsonOf(ask({ tools, thinking: { type: "adaptive" } }).write(script));
    expect(message).toMatchObject({
      content: [
        { type: "thinking", thinking: "let me see", signature: expect.stringMatching(/^c3R1bnRkb3VibGU6\w{56}$/) },
        { type: "tool_use", name: "f", input: { n: 5 }, caller: { type: "direct" } },
      ],
      stop_reason: "tool_use",
      usage: { output_tokens: 5, output_tokens_details: { thinking_tokens: 3 } },
    });
  });

  test("has no input of a tool whose arguments were cut off", () => {
    const script = { ...partsOf(["call", '{"n":', "f"]), finish: "length" as const };
    expect(jsonOf(ask({ tools }).write(script))).toMatchObject({ content: [{ input: {} }], stop_reason: "max_tokens" });
  });

  test("ends before the first of the stop sequences, and names it", () => {
    const script = partsOf(["reasoning", "a stop in thoughts"], ["text", "one two stop three"]);
    const message = jsonOf(
      ask({ stop_sequences: ["three", " stop", "none"], thinking: { type: "adaptive" } }).write(script),
    );
    expect(message).toMatchObject({
      content: [{ thinking: "a stop in thoughts" }, { text: "one two" }],
      stop_reason: "stop_sequence",
      stop_sequence: " stop",
      usage: { output_tokens: 6 },
    });
  });

  test("may be stopped in the middle of a token, and before the first", () => {
    const stopped = (stop: string) => ask({ stop_sequences: [stop] }).write(partsOf(["text", "one two three"]));
    expect(jsonOf(stopped("wo"))).toMatchObject({ content: [{ text: "one t" }], usage: { output_tokens: 2 } });
    expect(stopped("wo").endAtMs).toBe(315);
    expect(jsonOf(stopped("on"))).toMatchObject({ content: [], usage: { output_tokens: 0 } });
  });

  test("tells back where and how fast it was asked to be made", () => {
    const message = jsonOf(ask({ inference_geo: "eu", speed: "fast" }).write(scriptOf(["a"])));
    expect(message["usage"]).toMatchObject({ inference_geo: "eu", speed: "fast" });
  });
});
