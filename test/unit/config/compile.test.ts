import { hash } from "node:crypto";
import { expect, test } from "vitest";
import { compile } from "../../../src/config/compile.ts";
import { defaultConfig } from "../../../src/config/default.ts";
import { settingsOf } from "../../../src/config/load.ts";
import type { Snapshot } from "../../../src/core/snapshot.ts";
import { settingsFrom } from "../../support/config.ts";

async function snapshotOf(text: string, env: Record<string, string> = {}): Promise<Snapshot> {
  return compile(await settingsFrom(text, env));
}

test("the built-in default simulates everything, listens as documented and lets callers steer", async () => {
  const snapshot = compile(await settingsOf(defaultConfig(), {}));
  const { rules, fallback, upstreams, keys, listen, admin, workers, control, models } = snapshot;
  expect(fallback.serve).toEqual({ from: "simulator", profile: undefined });
  expect([rules.length, upstreams.size, keys.length, models]).toEqual([0, 0, 0, undefined]);
  expect([listen.host, listen.port, admin.host, admin.port, workers]).toEqual([
    "0.0.0.0",
    8080,
    "127.0.0.1",
    8081,
    "auto",
  ]);
  expect([control.enabled, control.header, control.tokenMatches]).toEqual([true, "x-stuntdouble", undefined]);
});

const full = `
upstreams: { openai: { url: "https://api.example.com/base/", apiKeyEnv: OPENAI } }
rules:
  - name: shadowed
    match: { model: "gpt-4*", percentage: 10 }
    serve: forward
    profile: gpt-4o
    mirror: simulate
    faults: [{ kind: cut, afterTokens: 12 }]
`;

test("a rule compiles to its conditions and its decision", async () => {
  const [rule] = (await snapshotOf(full)).rules;
  expect(rule?.conditions.map((condition) => condition.name)).toEqual(["model", "percentage"]);
  expect(rule?.decision).toEqual({
    rule: "shadowed",
    serve: { from: "upstream", upstream: "openai", profile: "gpt-4o" },
    mirror: { from: "simulator", profile: "gpt-4o" },
    faults: [{ kind: "cut", afterTokens: 12 }],
    overrides: {},
  });
});

test("an upstream has its origin and base path, and the key from the environment", async () => {
  const { upstreams } = await snapshotOf(full, { OPENAI: "sk-1" });
  expect(upstreams.get("openai")).toMatchObject({
    name: "openai",
    addresses: [{ url: "https://api.example.com/base", proxyUrl: undefined }],
    apiKey: "sk-1",
    headTimeoutMs: 60_000,
  });
});

test("an upstream's key that is not set is no key", async () => {
  expect((await snapshotOf(full)).upstreams.get("openai")?.apiKey).toBeUndefined();
});

test("API keys are kept as digests only", async () => {
  const snapshot = await snapshotOf("auth: { keys: [{ name: a, env: KEY_A }] }", { KEY_A: "secret-a" });
  expect(snapshot.keys).toEqual([{ name: "a", sha256: hash("sha256", "secret-a") }]);
  expect(JSON.stringify(snapshot)).not.toContain("secret-a");
});

test("a key without limits of its own has the general ones, and the last row is for calls without a key", async () => {
  const text = `
rateLimit: { requestsPerMinute: 60 }
auth: { keys: [{ name: a, env: A }, { name: b, env: B, tokensPerMinute: 500 }] }`;
  const { rateLimits } = await snapshotOf(text, { A: "a", B: "b" });
  expect(rateLimits).toEqual([
    { requestsPerMinute: 60, tokensPerMinute: undefined },
    { requestsPerMinute: undefined, tokensPerMinute: 500 },
    { requestsPerMinute: 60, tokensPerMinute: undefined },
  ]);
});

test("the control token is compared, never shown", async () => {
  const { control } = await snapshotOf("control: { header: X-Steer, tokenEnv: TOKEN }", { TOKEN: "open-sesame" });
  expect([control.tokenMatches?.("open-sesame"), control.tokenMatches?.("open"), control.tokenMatches?.("")]).toEqual([
    true,
    false,
    false,
  ]);
  expect([control.header, JSON.stringify(control).includes("sesame")]).toEqual(["x-steer", false]);
});

test("the listed models are the only ones", async () => {
  expect((await snapshotOf("models: [gpt-4o]")).models).toEqual(new Set(["gpt-4o"]));
});

test("a snapshot cannot be changed, and does not freeze what it was made from", async () => {
  const settings = await settingsFrom(full);
  const snapshot = compile(settings);
  const parts = [
    snapshot,
    snapshot.rules,
    snapshot.rules[0]?.decision.faults[0],
    snapshot.profiles[0]?.ttftMs,
    snapshot.listen,
    snapshot.upstreams.get("openai")?.breaker,
  ];
  expect(parts.map((part) => Object.isFrozen(part))).toEqual(parts.map(() => true));
  expect(Object.isFrozen(settings.config.rules[0]?.faults)).toBe(false);
});

test("settings that no check has seen do not compile to a hole", async () => {
  const settings = await settingsOf({ auth: { keys: [{ name: "a", env: "A" }] } }, { A: "a" });
  expect(() => compile({ ...settings, env: {} })).toThrow(/key a has no value/);
});
