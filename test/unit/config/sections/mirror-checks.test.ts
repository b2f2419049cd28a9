import { expect, test } from "vitest";
import { settingsFrom, mistakesIn } from "../../../support/config.ts";

const upstreams = `upstreams:
  a: { url: "https://a.example.com" }
  b: { url: "https://b.example.com" }
  c: { url: "https://c.example.com", dialect: anthropic }
`;

async function wrong(rule: string): Promise<string[]> {
  return (await mistakesIn(`${upstreams}default: ${rule}\n`)).map(([place, message]) => `${place}: ${message}`);
}

test.each([
  "{ serve: forward, upstream: a, mirror: simulate }",
  "{ serve: forward, upstream: a, mirror: { upstream: b } }",
  "{ serve: forward, upstream: a, mirror: { upstream: a } }",
  "{ serve: simulate, mirror: { upstream: b, percentage: 5, maxPerMinute: 60, stripStore: true } }",
])("%s is right", async (rule) => {
  expect(await wrong(rule)).toEqual([]);
});

test("what was left out of a mirror has its default", async () => {
  const { config } = await settingsFrom(`${upstreams}default: { mirror: { upstream: b } }\n`);
  expect(config.default.mirror).toEqual({
    upstream: "b",
    percentage: 100,
    stripStore: false,
    stripUser: true,
    deadlineMs: 120_000,
    maxConcurrent: 32,
    queue: 100,
  });
});

test.each([
  ["an upstream that is not there", "{ mirror: { upstream: d } }", /unknown upstream "d"/],
  [
    "one of another dialect",
    "{ serve: forward, upstream: a, mirror: { upstream: c } }",
    /"c" speaks anthropic and "a" openai; a copy needs the same dialect on both sides/,
  ],
  ["a share above 100", "{ mirror: { upstream: b, percentage: 101 } }", /at most 100/],
  ["a key that is not known", "{ mirror: { upstream: b, rate: 1 } }", /unknown key/],
  ["a word that is none", "{ serve: forward, upstream: a, mirror: always }", /must be simulate or an object/],
  ["simulate beside a simulated response", "{ mirror: simulate }", /cannot be combined with serve: simulate/],
])("a mirror with %s is refused", async (_, rule, message) => {
  const found = await wrong(rule);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(message);
});
