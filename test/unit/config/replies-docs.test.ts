import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { givenSchema } from "../../../src/admin/replies/given.ts";
import { readControl } from "../../../src/core/control.ts";
import { matchers } from "../../../src/core/matchers/index.ts";
import { mistakesIn, settingsFrom } from "../../support/config.ts";

const page = readFileSync(path.join(import.meta.dirname, "../../../docs/replies.md"), "utf8");
const blocks = [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = "", text = ""]) => ({
  language,
  text,
}));
const textsIn = (language: string): string[] =>
  blocks.filter((block) => block.language === language).map(({ text }) => text);

describe("docs/replies.md", () => {
  const configs = textsIn("yaml").filter((text) => text.startsWith("rules:"));
  test.each(configs)("shows a configuration without mistakes: %s", async (text) => {
    expect(await mistakesIn(text)).toEqual([]);
    expect((await settingsFrom(text)).config.rules.length).toBeGreaterThan(0);
  });

  const sent = textsIn("sh").flatMap((text) => [...text.matchAll(/-d '(.*?)'$/gms)].map(([, body = ""]) => body));
  test.each(sent)("shows what the admin API takes: %s", (body) => {
    expect(givenSchema.safeParse(JSON.parse(body)).error).toBeUndefined();
  });

  const headers = [...page.matchAll(/^x-stuntdouble: (.+)$/gm)].map(([, value = ""]) => value);
  test.each(headers)("shows a header that says what comes back: %s", (value) => {
    const settings = {
      header: "x-stuntdouble",
      enabled: true,
      tokenMatches: undefined,
      maxDelayMs: 5000,
      faults: undefined,
      upstreams: [],
      profiles: [],
    };
    const serve = { from: "simulator", profile: undefined } as const;
    const decision = { rule: "default", serve, mirror: undefined, faults: [], overrides: {} };
    expect(readControl(value, settings, decision).reply?.text).toMatch(/Paris|Köln/);
  });

  test("names conditions that there are", () => {
    const section = page.split("\n## Conditions\n")[1]!.split(/^## /m)[0]!;
    const named = [...section.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name);
    const known = new Set(matchers.map(({ name }) => name));
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => name === undefined || !known.has(name))).toEqual([]);
  });

  test("has examples of each kind", () => {
    expect([configs.length, sent.length, headers.length]).toEqual([2, 3, 2]);
  });
});
