import { expect, test } from "vitest";
import { loadText } from "../../../../src/config/load.ts";
import { readHeaders, tracesUrl } from "../../../../src/config/sections/tracing.ts";

async function errorsOf(text: string, env: Readonly<Record<string, string>> = {}): Promise<string[]> {
  const loaded = await loadText(text, { env, generation: 1, folder: "." });
  return loaded.ok ? [] : loaded.errors.map(({ path, message }) => `${path}: ${message}`);
}

test.each([
  ["http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"],
  ["http://127.0.0.1:4318/", "http://127.0.0.1:4318/v1/traces"],
  ["https://collector.example.com/otlp", "https://collector.example.com/otlp/v1/traces"],
  ["https://collector.example.com/v1/traces", "https://collector.example.com/v1/traces"],
])("spans for %s are posted to %s", (endpoint, url) => {
  expect(tracesUrl(endpoint)).toBe(url);
});

test.each([
  ["authorization=Bearer%20abc", { authorization: "Bearer abc" }],
  ["X-Key=1, other = a=b ", { "x-key": "1", other: "a=b" }],
  ["", undefined],
  ["no-value", undefined],
  ["=value", undefined],
  ["a b=1", undefined],
  ["a=%zz", undefined],
  ["a=%0d%0ab", undefined],
])("the headers of %j are %j", (text, headers) => {
  expect(readHeaders(text)).toEqual(headers);
});

test.each([
  ["endpoint: nowhere", "tracing.endpoint: must be a URL such as http://127.0.0.1:4318"],
  ["endpoint: ftp://collector", "tracing.endpoint: must begin with http:// or https://"],
  [
    "endpoint: http://user:pass@collector",
    "tracing.endpoint: must not contain credentials; name an environment variable in headersEnv",
  ],
  ["endpoint: http://collector?a=b", "tracing.endpoint: must not have a query or a fragment"],
])("%s is refused", async (line, message) => {
  expect(await errorsOf(`tracing:\n  ${line}\n`)).toEqual([message]);
});

test("headers that are not set, or have another form, are refused without being shown", async () => {
  const text = "tracing: { endpoint: http://collector, headersEnv: OTLP }\n";
  expect(await errorsOf(text)).toEqual(["tracing.headersEnv: the environment variable OTLP is not set"]);
  expect(await errorsOf(text, { OTLP: "sesame" })).toEqual([
    "tracing.headersEnv: the environment variable OTLP is not name=value, several with a comma between",
  ]);
  expect(await errorsOf(text, { OTLP: "key=sesame" })).toEqual([]);
});
