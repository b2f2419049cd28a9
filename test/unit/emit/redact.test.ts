import { describe, expect, test } from "vitest";
import { StuntdoubleError } from "../../../src/core/errors.ts";
import { redact, redactForms, redactJson, redactText } from "../../../src/emit/redact.ts";

/** Without a provider's prefix, so that only its place gives it away. */
const canary = "c4n4ry0123456789";

function textOf(value: unknown): string {
  return JSON.stringify(redact(value));
}

describe("values under the name of a credential are masked", () => {
  const names = [
    "authorization",
    "Authorization",
    "proxy-authorization",
    "x-api-key",
    "X-Api-Key",
    "api-key",
    "apiKey",
    "api_key",
    "cookie",
    "set-cookie",
    "token",
    "accessToken",
    "x-goog-api-key",
    "ocp-apim-subscription-key",
    "client_secret",
    "password",
    "x-stuntdouble-token",
    "key",
  ];
  test.each(names)("%s", (name) => {
    expect(textOf({ deep: [{ [name]: canary, kept: "yes" }] })).toBe(
      JSON.stringify({ deep: [{ [name]: "[redacted]", kept: "yes" }] }),
    );
  });

  test("in header lists of names and values in turn", () => {
    expect(redact(["host", "a", "Authorization", `Bearer ${canary}`, "accept", "b"])).toEqual([
      "host",
      "a",
      "Authorization",
      "[redacted]",
      "accept",
      "b",
    ]);
  });

  test("in Headers and Maps", () => {
    expect(redact({ h: new Headers({ "x-api-key": canary }), m: new Map([["token", canary]]) })).toEqual({
      h: { "x-api-key": "[redacted]" },
      m: { token: "[redacted]" },
    });
  });

  test("also when the value is a list or an object", () => {
    expect(textOf({ cookie: [canary], credentials: { user: canary } })).not.toContain(canary);
  });
});

describe("credentials in a text are masked", () => {
  test.each([
    [`connect https://user:${canary}@host:8080/path failed`, "connect https://[redacted]@host:8080/path failed"],
    [`connect https://${canary}@host failed`, "connect https://[redacted]@host failed"],
    [`redis://:p@${canary}@host/0`, "redis://[redacted]@host/0"],
    [`GET /v1beta/models?key=${canary}&alt=sse`, "GET /v1beta/models?key=[redacted]&alt=sse"],
    [`GET /x?alt=sse&access_token=${canary}`, "GET /x?alt=sse&access_token=[redacted]"],
    [`refused Bearer ${canary}.`, "refused Bearer [redacted]"],
    [`x-api-key: ${canary}, accept: json`, "x-api-key: [redacted], accept: json"],
    [`{"apiKey":"${canary}","model":"m"}`, '{"apiKey":"[redacted]","model":"m"}'],
    [`cookie: a=${canary}; b=${canary}\nnext`, "cookie: [redacted]\nnext"],
    ["Incorrect API key provided: sk-proj-abcdefgh12345678", "Incorrect API key provided: [redacted]"],
    [`x-goog-api-key: ${canary}`, "x-goog-api-key: [redacted]"],
    ["refused AIzaSyA1234567890-abcdefghijklmnopqrst.", "refused [redacted]."],
  ])("%s", (text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  test.each([
    `authorization: Digest ${canary}, ${canary}`,
    `Authorization: Basic ${canary}`,
    `{"authorization":"Digest ${canary}"}`,
    `curl -H 'Proxy-Authorization: Token ${canary}'`,
    `-----BEGIN PRIVATE KEY-----\n${canary}\n-----END PRIVATE KEY-----`,
  ])("whatever the scheme: %s", (text) => {
    expect(redact(text)).not.toContain(canary);
  });

  test.each([
    "upstream https://api.openai.com/v1/chat/completions?alt=sse answered 503",
    "model gpt-4o, max_tokens 16, 12 prompt tokens",
    "mail someone@example.com, then see http://host/path",
  ])("while this stays as it is: %s", (text) => {
    expect(redact(text)).toBe(text);
  });
});

describe("a text of many megabytes", () => {
  const long = "a".repeat(16 * 1024 * 1024);

  test.each([
    ["a key of a provider", `sk-${long}`, "[redacted]"],
    ["a bearer token", `Bearer ${long}`, "Bearer [redacted]"],
    ["a header", `cookie: ${long}`, "cookie: [redacted]"],
    ["a parameter of a URL", `/x?key=${long}`, "/x?key=[redacted]"],
    ["the user of a URL", `https://${long}@host`, "https://[redacted]@host"],
    ["a value beside its name", `password=${long}`, "password=[redacted]"],
    ["a private key", `-----BEGIN PRIVATE KEY-----${long}-----END PRIVATE KEY-----`, "[redacted]"],
  ])("is masked as %s", (_, text, expected) => {
    expect(redactText(text) === expected).toBe(true);
  });

  test("that holds no credential stays as it is, in a time that grows with its length only", () => {
    expect(redactText(long) === long).toBe(true);
    expect(redactForms(`/?${long}`, []).length).toBe(long.length + 2);
  });

  test("is masked with what a provider's response may hold", () => {
    expect(redactForms(`basic ${long} sk-${long}`, [])).toBe("basic [redacted] [redacted]");
  });
});

describe("errors", () => {
  test("show name, message, stack, further members and the whole cause chain, masked", () => {
    const inner = Object.assign(new Error(`GET https://x:${canary}@h/`), {
      code: "ECONNREFUSED",
      headers: { cookie: canary },
    });
    const outer = new StuntdoubleError("UPSTREAM_CONNECT", "cannot reach the upstream", { cause: inner });
    const shown = redact(outer);
    expect(JSON.stringify(shown)).not.toContain(canary);
    expect(shown).toMatchObject({
      name: "StuntdoubleError",
      message: "cannot reach the upstream",
      code: "UPSTREAM_CONNECT",
      cause: { code: "ECONNREFUSED", message: "GET https://[redacted]@h/", headers: { cookie: "[redacted]" } },
    });
  });

  test("show every error of an AggregateError", () => {
    const shown = redact(new AggregateError([new Error(`token=${canary}`)], "all failed"));
    expect(shown).toMatchObject({ message: "all failed", errors: [{ message: "token=[redacted]" }] });
  });
});

describe("any value gives plain data", () => {
  test("a cycle is named and cut", () => {
    const value: Record<string, unknown> = { name: "a" };
    value["self"] = value;
    expect(redact(value)).toEqual({ name: "a", self: "[cycle]" });
  });

  test("an object met twice, but not inside itself, is shown twice", () => {
    const shared = { a: 1 };
    expect(redact([shared, shared])).toEqual([{ a: 1 }, { a: 1 }]);
  });

  test("bytes are not shown", () => {
    expect(redact({ body: Buffer.from(canary) })).toEqual({ body: "[16 bytes]" });
  });

  test("numbers under such a name stay, since counts of tokens are no secret", () => {
    expect(redact({ token: 12 })).toEqual({ token: 12 });
  });

  test("a name like __proto__ does not change the copy's prototype", () => {
    const copy = redact(JSON.parse('{"__proto__":{"polluted":true}}')) as { polluted?: boolean };
    expect(copy.polluted).toBeUndefined();
  });
});

describe("the JSON of a body", () => {
  test("keeps its own bytes where there is no credential in it", () => {
    const text =
      '{ "model": "gpt-4o",\n  "max_tokens": 1.0, "messages": [{"role": "user", "content": "max-tokens: 3"}] }';
    expect(redactJson(text)).toBe(text);
  });

  test.each([
    ['{"api-key":"canary"}', '{"api-key":"[redacted]"}'],
    ['{"x_key" : "canary"}', '{"x_key":"[redacted]"}'],
    ['{"a":[{"client_secret":"canary"}]}', '{"a":[{"client_secret":"[redacted]"}]}'],
    ['{"text":"line\\nsk-canary7canary7"}', '{"text":"line\\n[redacted]"}'],
    ['{"text":"\\u0073k-canary7canary7"}', '{"text":"[redacted]"}'],
    ['{"text":"see https://me:canary@host/"}', '{"text":"see https://[redacted]@host/"}'],
    ["password=canary, and no JSON", "password=[redacted], and no JSON"],
  ])("%s has its credential masked", (text, masked) => {
    expect(redactJson(text)).toBe(masked);
  });
});
