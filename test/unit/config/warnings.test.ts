import { expect, test } from "vitest";
import { load, mistakesIn } from "../../support/config.ts";

/** `code path` of each warning. */
async function warned(text: string): Promise<string[]> {
  const { warnings } = await load(text);
  return warnings.map(({ code, path }) => `${code} ${path}`);
}

const rules = (...list: string[]): string => `rules:\n${list.map((rule) => `  - ${rule}\n`).join("")}`;
const openai = 'upstreams: { openai: { url: "https://api.openai.com" } }';

test.each<[string, string, string[]]>([
  [
    "a rule behind one that takes every call which it would match",
    rules(
      "{ name: wide, serve: simulate, match: { model: gpt-* } }",
      "{ name: narrow, serve: simulate, match: { model: gpt-4o, stream: true } }",
    ),
    ["never-reached rules[1]"],
  ],
  [
    "a rule that matches 0 % of the calls",
    rules("{ name: a, serve: simulate, match: { percentage: 0 } }"),
    ["never-matches rules[0].match.percentage"],
  ],
  [
    "failures of a profile where no call is simulated",
    `${openai}\ndefault: { serve: forward, failures: true }`,
    ["no-effect default.failures"],
  ],
  [
    "a fault that acts on 0 % of them",
    "default: { faults: [{ kind: cut, percentage: 0 }] }",
    ["no-effect default.faults[0].percentage"],
  ],
  [
    "faults that can do nothing to the calls of their rule",
    rules(
      "{ name: a, serve: simulate, match: { stream: false }, faults: [{ kind: event, what: lost }, { kind: framing, what: bom }, { kind: clean-end }, { kind: clean-end, where: body }, { kind: error-event }, { kind: cut, afterTokens: 3 }] }",
      "{ name: b, serve: simulate, match: { route: /api/chat }, faults: [{ kind: content, what: filtered }, { kind: event, what: wrong-id }] }",
      "{ name: c, serve: simulate, match: { route: /v1/messages }, faults: [{ kind: event, what: wrong-id }, { kind: content, what: filtered }] }",
      "{ name: d, serve: simulate, match: { route: /v2/chat }, faults: [{ kind: content, what: other-model }, { kind: stall, with: pings }] }",
      "{ name: e, serve: simulate, match: { stream: true }, faults: [{ kind: content-length }] }",
      "{ name: f, serve: simulate, match: { route: /v1/responses }, faults: [{ kind: stall, with: pings }, { kind: content, what: other-model }] }",
      "{ name: g, serve: simulate, faults: [{ kind: event, what: wrong-id }, { kind: content, what: filtered }] }",
    ),
    [
      "no-effect rules[0].faults[0].kind",
      "no-effect rules[0].faults[2].kind",
      "no-effect rules[0].faults[4].kind",
      "no-effect rules[0].faults[5].kind",
      "no-effect rules[1].faults[0].kind",
      "no-effect rules[1].faults[1].kind",
      "no-effect rules[2].faults[0].kind",
      "no-effect rules[3].faults[0].kind",
      "no-effect rules[3].faults[1].kind",
      "no-effect rules[4].faults[0].kind",
    ],
  ],
  [
    "a rule for models of which none exists",
    `models: [gpt-4o]\n${rules("{ name: a, serve: simulate, match: { model: [o3, claude-*] } }")}`,
    ["never-matches rules[0].match.model"],
  ],
  [
    "draws for each attempt where nothing is drawn",
    rules("{ name: a, serve: simulate, perAttempt: true, match: { percentageBy: key } }"),
    ["no-effect rules[0].perAttempt", "no-effect rules[0].match.percentageBy"],
  ],
  ["a port that two services have", "listen: { port: 8081 }", ["same-port admin.port"]],
  [
    "a port that two services have, given twice",
    "listen: { port: 9000 }\nextProc: { port: 9000 }",
    ["same-port extProc.port"],
  ],
  [
    "an admin port without a token, open to all, on a node that forwards",
    `${openai}\nadmin: { host: 0.0.0.0 }\ndefault: { serve: forward }`,
    ["open-admin admin.host"],
  ],
  [
    "the same on a node that takes the control header",
    "control: { enabled: true }\nadmin: { host: 10.1.2.3 }",
    ["open-admin admin.host"],
  ],
])("check warns of %s", async (_name, text, expected) => {
  expect(await warned(text)).toEqual(expected);
});

test.each([
  [
    "rules that share calls",
    rules("{ name: a, serve: simulate, match: { model: gpt-4o } }", "{ name: b, serve: simulate }"),
  ],
  [
    "percentageBy where only a fault has a percentage",
    rules("{ name: a, serve: simulate, match: { percentageBy: key }, faults: [{ kind: cut, percentage: 5 }] }"),
  ],
  ["one port on two addresses", "listen: { host: 10.0.0.1, port: 9000 }\nadmin: { port: 9000 }"],
  ["two ports that may be any", "listen: { port: 0 }\nadmin: { port: 0 }"],
  [
    "an open admin port with a token",
    `control: { enabled: true }\nadmin: { host: 0.0.0.0, tokenSha256: ${"a".repeat(64)} }`,
  ],
  ["an open admin port of a node that only simulates", "admin: { host: 0.0.0.0 }"],
])("check does not warn of %s", async (_name, text) => {
  expect(await warned(text)).toEqual([]);
});

test("delays of one rule that together pass control.maxDelayMs are an error", async () => {
  const delays = Array.from({ length: 500 }, () => "{ kind: delay, ms: 59999 }").join(", ");
  expect(await mistakesIn(`default: { faults: [${delays}] }`)).toEqual([
    [
      "1:12 default.faults",
      "the delays add up to 29999500 ms, but control.maxDelayMs allows 60000 ms for one call",
      undefined,
    ],
  ]);
  expect(await mistakesIn("control: { maxDelayMs: 90000 }\ndefault: { faults: [{ kind: delay, ms: 90000 }] }")).toEqual(
    [],
  );
});
