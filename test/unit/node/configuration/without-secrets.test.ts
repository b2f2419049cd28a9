import { expect, test } from "vitest";
import { withoutSecrets } from "../../../../src/node/configuration/without-secrets.ts";

test.each([
  ["the user and password of a URL", 'proxyUrl: "http://user:hunter22@proxy:3128"', "hunter22"],
  [
    "the value of a header with a credential",
    'match: { header: { authorization: "Bearer abcdefgh12345" } }',
    "abcdefgh12345",
  ],
  ["a password", "password: hunter22", "hunter22"],
  ["a provider's key", "x-note: sk-proj-abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghijklmnopqrstuvwxyz"],
  ["the value of a variable that the configuration names", "x-note: the value is s3cr3t-value", "s3cr3t-value"],
])("%s is left out", (_, line, secret) => {
  expect(withoutSecrets(line, { API_KEY: "s3cr3t-value" })).not.toContain(secret);
});

test("what names a variable stays, and so does all else", () => {
  const text =
    'upstreams:\n  openai: { url: "https://api.openai.com", apiKeyEnv: OPENAI_API_KEY }\nadmin: { tokenEnv: ADMIN }\n';
  expect(withoutSecrets(text, { OPENAI_API_KEY: "s3cr3t-value" })).toBe(text);
});

test("a private key is left out, and the lines after it keep their numbers", () => {
  const text = "a: |\n  -----BEGIN PRIVATE KEY-----\n  MIIabc\n  -----END PRIVATE KEY-----\nb: 1";
  const shown = withoutSecrets(text, {});
  expect(shown).not.toContain("MIIabc");
  expect(shown.split("\n")[4]).toBe("b: 1");
});
