import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../../src/config/compile.ts";
import { loadText } from "../../../src/config/load.ts";
import { decide } from "../../../src/core/decide.ts";
import { makeCall } from "../../support/call.ts";
import { mistakesIn, settingsFrom } from "../../support/config.ts";

const ruleWith = (rest: string): string => `rules:\n  - { name: a, ${rest} }\n`;

test("the reply of the first rule that matches is what is said, filled in", async () => {
  const text = ruleWith(
    `match: { lastUserMessage: "weather in (?P<city>\\\\w+)" }, serve: simulate, reply: { text: "Sunny in \${city}." }`,
  );
  const decision = decide(makeCall({ lastUserMessage: "weather in Paris" }), compile(await settingsFrom(text)));
  expect(decision.reply).toEqual({ text: "Sunny in Paris." });
});

test("the default can have a reply as well", async () => {
  const snapshot = compile(await settingsFrom("default: { reply: { json: { ok: true } } }"));
  expect(decide(makeCall(), snapshot).reply).toEqual({ json: { ok: true } });
});

test.each([
  [
    "serve: forward, reply: { text: Hi }",
    "2:32 rules[0].reply",
    "needs serve: simulate, because only the simulator says it",
  ],
  [
    "serve: forward, replies: [{ text: Hi }]",
    "2:32 rules[0].replies",
    "needs serve: simulate, because only the simulator says it",
  ],
  [
    "serve: simulate, reply: { text: a }, replies: [{ text: b }]",
    "2:53 rules[0].replies",
    "cannot be combined with reply",
  ],
  ["serve: simulate, reply: {}", "2:33 rules[0].reply", "must have text, json, file, toolCalls or refusal"],
  [
    "serve: simulate, reply: { reasoning: x }",
    "2:33 rules[0].reply",
    "must have text, json, file, toolCalls or refusal",
  ],
  ["serve: simulate, reply: { text: a, json: {} }", "2:51 rules[0].reply.json", "cannot be combined with text"],
  [
    "serve: simulate, reply: { refusal: a, toolCalls: [{ name: f }] }",
    "2:54 rules[0].reply.toolCalls",
    "cannot be combined with refusal",
  ],
  ["serve: simulate, reply: { text: 1 }", "2:48 rules[0].reply.text", "must be a string, not the number 1"],
  ["serve: simulate, reply: { txt: a, text: b }", "2:42 rules[0].reply.txt", "unknown key"],
  [
    'serve: simulate, reply: { text: "${town}" }',
    "2:33 rules[0].reply",
    "${town} is no named group of this rule's conditions; $${town} stands for that text",
  ],
])("%s is an error", async (rest, place, message) => {
  const found = await mistakesIn(ruleWith(rest));
  expect(found.map(([at, words]) => [at, words])).toContainEqual([place, message]);
});

test("a group that was nearly meant is suggested", async () => {
  const rest = `match: { system: "(?P<city>.)" }, serve: simulate, reply: { text: "\${cty}" }`;
  expect(await mistakesIn(ruleWith(rest))).toEqual([["2:67 rules[0].reply", expect.any(String), "city"]]);
});

describe("a reply in a file", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "replies-"));
    await writeFile(path.join(folder, "said.txt"), "Grüße aus ${city}\n");
    await writeFile(path.join(folder, "bad.txt"), Uint8Array.of(0xff, 0xfe, 0x41));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const load = (rest: string) => loadText(ruleWith(rest), { folder, env: {}, generation: 1 });

  test("is what the file holds, filled in, and the file is one that is watched", async () => {
    const loaded = await load(`match: { lastUserMessage: "(?P<city>.+)" }, serve: simulate, reply: { file: said.txt }`);
    expect(loaded.files.map((file) => file.path)).toContain(path.join(folder, "said.txt"));
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
    const { reply } = decide(makeCall({ lastUserMessage: "Köln" }), compile(loaded.settings));
    expect(reply).toEqual({ text: "Grüße aus Köln\n" });
  });

  test.each([
    ["reply: { file: none.txt }", "rules[0].reply.file", "none.txt: no such file"],
    ["replies: [{ file: bad.txt }]", "rules[0].replies[0].file", "bad.txt: is not valid UTF-8"],
    [
      "reply: { file: said.txt }",
      "rules[0].reply.file",
      expect.stringContaining("${city} is no named group") as string,
    ],
  ])("%s is an error where the file is not right", async (reply, place, message) => {
    const loaded = await load(`serve: simulate, ${reply}`);
    expect(loaded.ok ? [] : loaded.errors).toMatchObject([{ path: place, message }]);
  });
});
