import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../../src/config/compile.ts";
import { identityOf } from "../../../src/config/files/identity.ts";
import { loadText, type Loaded } from "../../../src/config/load.ts";
import { fits } from "../../../src/core/replies/conditional.ts";
import type { Conversation } from "../../../src/core/types.ts";
import { makeCall, type CallWishes } from "../../support/call.ts";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(path.join(tmpdir(), "aimock-"))));
afterAll(() => rm(folder, { recursive: true }));

async function loadFixtures(fixtures: readonly object[], file = "fixtures.json"): Promise<Loaded> {
  await writeFile(path.join(folder, file), JSON.stringify({ fixtures }, undefined, 2));
  return await loadText(`fixtures: { aimock: ${file} }`, { folder, env: {}, generation: 1 });
}

const talk: Conversation = {
  system: "You are terse.\nCity: Paris",
  messages: 2,
  turns: 1,
  toolNames: ["get_weather"],
  hasToolResult: true,
  lastResult: { id: "call_1", text: '{"approved":true}' },
};

type Told = CallWishes & { readonly talk?: Partial<Conversation> };

/** What the first of some fixtures that matches says to a call. */
async function said(fixtures: readonly object[], { talk: more, ...wishes }: Told = {}) {
  const loaded = await loadFixtures(fixtures);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
  const call = makeCall(wishes);
  const conversation = { ...talk, ...more };
  const asked = {
    ...call,
    facts: {
      ...call.facts,
      conversation: () => conversation,
      body: () => ({ response_format: { type: "json_object" } }),
    },
  };
  const found = compile(loaded.settings).fixtures.find((fixture) => fits(fixture, asked, 1));
  return { reply: found?.chooseReply?.(asked), faults: found?.faults };
}

const response = { content: "Hi." };

test.each<[object, Told, boolean]>([
  [{ userMessage: "1+1 (a|b)?" }, { lastUserMessage: "what is 1+1 (a|b)?" }, true],
  [{ userMessage: "hello" }, { lastUserMessage: "Hello" }, false],
  [{ userMessage: "" }, { lastUserMessage: "anything" }, true],
  [{ systemMessage: "terse" }, {}, true],
  [{ systemMessage: ["Paris", "terse"] }, {}, true],
  [{ systemMessage: ["Paris", "verbose"] }, {}, false],
  [{ toolName: "get_weather" }, {}, true],
  [{ toolName: "get" }, {}, false],
  [{ toolCallId: "call_1" }, {}, true],
  [{ toolCallId: "call_1" }, { talk: { lastResult: undefined } }, false],
  [{ toolResultContains: '"approved":true' }, {}, true],
  [{ toolResultContains: "false" }, {}, false],
  [{ hasToolResult: false }, {}, false],
  [{ turnIndex: 1 }, {}, true],
  [{ turnIndex: 0 }, {}, false],
  [{ model: "gpt-4o" }, { model: "gpt-4o-2024-08-06" }, true],
  [{ model: "gpt-4o" }, { model: "gpt-4o-mini" }, false],
  [{ responseFormat: "json_object" }, {}, true],
  [{ responseFormat: "json_schema" }, {}, false],
  [{ endpoint: "chat" }, {}, true],
  [{ context: "suite-1" }, { headers: { "x-aimock-context": "suite-1" } }, true],
  [{ context: "suite-1" }, {}, false],
  [{ userMessage: "hello", toolName: "other" }, { lastUserMessage: "hello" }, false],
  [{}, {}, true],
])("a fixture for %j and the call %j match: %s", async (match, wishes, matches) => {
  expect((await said([{ match, response }], wishes)).reply).toEqual(matches ? { text: "Hi." } : undefined);
});

test.each([
  [{ content: "Costs $${x} ${y}" }, { text: "Costs $${x} ${y}" }],
  [{ content: { a: [1] } }, { json: { a: [1] } }],
  [{ content: "", role: "assistant" }, { text: "" }],
  [
    { content: "Yes.", reasoning: "Hm.", finishReason: "stop" },
    { text: "Yes.", reasoning: "Hm." },
  ],
  [
    {
      content: "Let me see.",
      toolCalls: [{ name: "f", arguments: '{"a":1}', id: "call_1" }],
      finishReason: "tool_calls",
    },
    { text: "Let me see.", toolCalls: [{ name: "f", arguments: '{"a":1}', id: "call_1" }] },
  ],
  [{ toolCalls: [{ name: "f", arguments: { a: 1 } }] }, { toolCalls: [{ name: "f", arguments: { a: 1 } }] }],
  [
    {
      blocks: [
        { type: "text", text: "Let me " },
        { type: "text", text: "see." },
        { type: "toolCall", name: "f", arguments: {} },
      ],
    },
    { text: "Let me see.", toolCalls: [{ name: "f", arguments: {} }] },
  ],
])("the response %j is that reply", async (given, reply) => {
  expect((await said([{ match: {}, response: given }])).reply).toEqual(reply);
});

test("an error is a fault with its status and message, and a warning tells what is left out", async () => {
  const error = { message: "Slow down.", type: "rate_limit_error" };
  const fixtures = [{ match: {}, response: { error, status: 429, retryAfter: 3 } }];
  expect((await said(fixtures)).faults).toEqual([
    { kind: "status", status: 429, message: "Slow down.", retryAfterSeconds: 3 },
  ]);
  expect((await loadFixtures(fixtures)).warnings).toMatchObject([
    { file: path.join(folder, "fixtures.json"), path: "fixtures[0].response.error.type", code: "no-effect" },
  ]);
});

test("the first fixture that matches is taken", async () => {
  const first = { match: { userMessage: "a" }, response: { content: "first" } };
  const second = { match: {}, response: { content: "second" } };
  expect((await said([first, second], { lastUserMessage: "a" })).reply).toEqual({ text: "first" });
  expect((await said([first, second], { lastUserMessage: "b" })).reply).toEqual({ text: "second" });
});

test.each([
  [
    { match: { sequenceIndex: 0 }, response },
    "fixtures[0].match.sequenceIndex",
    "cannot be said here; post replies with times: 1 to the admin API instead",
  ],
  [{ match: { inputText: "x" }, response }, "fixtures[0].match.inputText", "cannot be said here"],
  [{ match: { endpoint: "embedding" }, response }, "fixtures[0].match.endpoint", "cannot be said here"],
  [{ match: { usrMessage: "x" }, response }, "fixtures[0].match.usrMessage", "cannot be said here"],
  [{ match: { toolName: "a*" }, response }, "fixtures[0].match.toolName", "cannot be said here"],
  [
    { match: { turnIndex: "1" }, response },
    "fixtures[0].match.turnIndex",
    expect.stringContaining("expected") as string,
  ],
  [{ match: {}, response: { embedding: [1] } }, "fixtures[0].response.embedding", "cannot be said here"],
  [{ match: {}, response: { content: "a", usage: {} } }, "fixtures[0].response.usage", "cannot be said here"],
  [
    { match: {}, response: { content: "a", finishReason: "length" } },
    "fixtures[0].response.finishReason",
    "must be stop, which is what such a response ends with",
  ],
  [
    { match: {}, response: {} },
    "fixtures[0].response",
    "must have content, toolCalls, blocks or error, of the types that they have",
  ],
  [
    { match: {}, response: { error: {}, status: 200 } },
    "fixtures[0].response",
    expect.stringContaining("status: ") as string,
  ],
  [
    {
      match: {},
      response: {
        blocks: [
          { type: "toolCall", name: "f", arguments: {} },
          { type: "text", text: "a" },
        ],
      },
    },
    "fixtures[0].response.blocks",
    "text must come before calls of tools",
  ],
  [{ match: {}, response, chaos: {} }, "fixtures[0].chaos", "cannot be said here; use faults of a rule instead"],
])("what cannot be said is an error in its place: %j", async (fixture, place, message) => {
  const loaded = await loadFixtures([fixture]);
  const errors = loaded.ok ? [] : loaded.errors;
  expect(errors.map((error) => [error.file, error.path, error.message])).toContainEqual([
    path.join(folder, "fixtures.json"),
    place,
    message,
  ]);
});

test("timings change nothing, and a warning says so", async () => {
  const { ok, warnings } = await loadFixtures([{ match: {}, response, latency: 200, chunkSize: 10 }]);
  expect(ok).toBe(true);
  expect(warnings.map((warning) => [warning.path, warning.message])).toEqual([
    ["fixtures[0].latency", "has no effect: the latency profile says when tokens leave"],
    ["fixtures[0].chunkSize", "has no effect: the latency profile says when tokens leave"],
  ]);
});

describe("a folder", () => {
  test("is read in the order of its file names, and all that is read is watched", async () => {
    const own = await mkdtemp(path.join(folder, "all-"));
    await writeFile(
      path.join(own, "b.json"),
      JSON.stringify({ fixtures: [{ match: {}, response: { content: "b" } }] }),
    );
    await writeFile(
      path.join(own, "a.json"),
      JSON.stringify({ fixtures: [{ match: {}, response: { content: "a" } }] }),
    );
    await writeFile(path.join(own, "notes.txt"), "none of it");
    const loaded = await loadText(`fixtures: { aimock: ${own} }`, { folder, env: {}, generation: 1 });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
    expect(loaded.settings.fixtures?.map(({ reply }) => reply?.text)).toEqual(["a", "b"]);
    expect(loaded.files.map((file) => file.path)).toEqual(
      expect.arrayContaining([own, path.join(own, "a.json")]) as string[],
    );
    const before = identityOf(own);
    await writeFile(path.join(own, "c.json"), "{}");
    expect(identityOf(own)).not.toBe(before);
  });

  test("that is not there is an error of the configuration", async () => {
    const loaded = await loadText("fixtures: { aimock: nowhere }", { folder, env: {}, generation: 1 });
    expect(loaded.ok ? [] : loaded.errors).toMatchObject([
      { path: "fixtures.aimock", message: "nowhere: no such file" },
    ]);
  });

  test("with a file that is none of aimock's has a mistake in that file", async () => {
    await writeFile(path.join(folder, "other.json"), "{}");
    const loaded = await loadText("fixtures: { aimock: other.json }", { folder, env: {}, generation: 1 });
    expect(loaded.ok ? [] : loaded.errors).toMatchObject([{ file: path.join(folder, "other.json"), code: "required" }]);
  });
});
