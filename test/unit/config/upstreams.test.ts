import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { adminTokenOf } from "../../../src/config/admin-token.ts";
import { compile } from "../../../src/config/compile.ts";
import { loadText } from "../../../src/config/load.ts";
import { load, mistakesIn, settingsFrom } from "../../support/config.ts";

const pem = "test/support/tls/localhost";
const upstream = (more: string): string => `upstreams: { a: { url: "https://api.example.com", ${more} } }`;

/** Place and message of each error. */
async function wrong(text: string, env: Readonly<Record<string, string>> = {}): Promise<string[]> {
  return (await mistakesIn(text, env)).map(([place, message]) => `${place.replace(/^\S+ /, "")}: ${message}`);
}

async function warned(text: string, env: Readonly<Record<string, string>> = {}): Promise<string[]> {
  return (await load(text, env)).warnings.map(({ message }) => message);
}

/** Loads a configuration beside a file of that text. */
async function withFile(text: string, content: string) {
  const folder = await mkdtemp(path.join(tmpdir(), "stuntdouble-"));
  await writeFile(path.join(folder, "key"), content);
  return await loadText(text, { folder, env: {}, generation: 1 });
}

describe("an API key", () => {
  test.each(["sk-1\n", " sk-1\r\n", "sk-1  "])("has no blanks and line ends around it: %j", async (value) => {
    const { upstreams } = compile(await settingsFrom(upstream("apiKeyEnv: KEY"), { KEY: value }));
    expect(upstreams.get("a")?.apiKey).toBe("sk-1");
    const loaded = await withFile(upstream("apiKeyFile: key"), value);
    expect(loaded.ok && compile(loaded.settings).upstreams.get("a")?.apiKey).toBe("sk-1");
  });

  test.each([
    ["", "is empty"],
    [" \n", "is empty"],
    ["sk-1\nsk-2", "has a character that no header can carry, such as a line end"],
  ])("that cannot be one is an error that names where it is from: %j", async (value, problem) => {
    expect(await wrong(upstream("apiKeyEnv: KEY"), { KEY: value })).toEqual([
      `upstreams.a.apiKeyEnv: the environment variable KEY ${problem}`,
    ]);
    const loaded = await withFile(upstream("apiKeyFile: key"), value);
    expect(loaded.ok || loaded.errors.map(({ message }) => message)).toEqual([`key ${problem}`]);
  });

  test("whose variable is not set is left to the callers, with a warning", async () => {
    expect(await warned(upstream("apiKeyEnv: KEY"))).toEqual([
      "the environment variable KEY is not set, so the callers' own keys are forwarded",
    ]);
  });

  test("comes from one place", async () => {
    expect(await wrong(upstream(`apiKeyEnv: KEY, apiKeyFile: ${pem}.key.pem`), { KEY: "k" })).toContain(
      "upstreams.a.apiKeyFile: cannot be combined with apiKeyEnv",
    );
    expect(await wrong(upstream("apiKeyFile: /nowhere/key"))).toEqual([
      "upstreams.a.apiKeyFile: /nowhere/key: no such file",
    ]);
  });

  test("of callers, and tokens, have no blanks around them either", async () => {
    const text = "{ auth: { keys: [{ name: a, env: KEY }] }, admin: { tokenEnv: KEY }, control: { tokenEnv: KEY } }";
    const [trimmed, plain] = [await settingsFrom(text, { KEY: "k1\n" }), await settingsFrom(text, { KEY: "k1" })];
    expect(compile(trimmed).keys).toEqual(compile(plain).keys);
    expect(adminTokenOf(trimmed)).toBe(adminTokenOf(plain));
    expect(compile(trimmed).control.tokenMatches?.("k1")).toBe(true);
    expect(await wrong(text, { KEY: " \n" })).toEqual(
      ["auth.keys[0].env", "admin.tokenEnv", "control.tokenEnv"].map((at) =>
        expect.stringContaining(`${at}: the environment variable KEY is empty`),
      ),
    );
  });
});

describe("the URLs of an upstream", () => {
  test("are url or urls", async () => {
    expect(await wrong("upstreams: { a: {} }")).toEqual(["upstreams.a: must have either url or urls"]);
    expect(await wrong(upstream('urls: ["https://b"]'))).toEqual(["upstreams.a: must have either url or urls"]);
    expect(await wrong("upstreams: { a: { urls: [] } }")).toEqual(["upstreams.a.urls: must not be empty"]);
    expect(await wrong('upstreams: { a: { urls: ["https://b", "ftp://c"] } }')).toEqual([
      "upstreams.a.urls[1]: must begin with http:// or https://",
    ]);
  });

  test("are kept in their order, each with its proxy", async () => {
    const text = 'upstreams: { a: { urls: ["https://b/v1/", "http://c"] } }';
    const { upstreams } = compile(await settingsFrom(text, { HTTPS_PROXY: "http://p:1" }));
    expect(upstreams.get("a")?.addresses).toEqual([
      { url: "https://b/v1", proxyUrl: "http://p:1" },
      { url: "http://c", proxyUrl: undefined },
    ]);
  });

  test("may end in what paths of the API begin with, and it is told where calls go then", async () => {
    expect(await warned('upstreams: { a: { url: "https://api.openai.com/v1" } }')).toEqual([
      "ends in /v1, which paths of the API may begin with; it is not doubled: /v1/models goes to https://api.openai.com/v1/models",
    ]);
    expect(await warned(upstream(""))).toEqual([]);
  });

  test("do not lead back to this node, none of them", async () => {
    expect(await wrong('{ upstreams: { a: { urls: ["https://b", "http://localhost:8080"] } } }')).toEqual([
      "upstreams.a.urls[1]: is the traffic port of this node, so calls would loop",
    ]);
  });
});

describe("the proxy of an upstream", () => {
  test("comes before that of the environment", async () => {
    const { upstreams } = compile(
      await settingsFrom(upstream('proxyUrl: "http://u:p@own:1"'), { HTTPS_PROXY: "http://p:1", NO_PROXY: "*" }),
    );
    expect(upstreams.get("a")?.addresses[0]?.proxyUrl).toBe("http://u:p@own:1");
  });

  test("is the URL of an HTTP proxy", async () => {
    expect(await wrong(upstream("proxyUrl: own:1"))).toEqual([
      "upstreams.a.proxyUrl: must be the URL of an HTTP proxy such as http://proxy.example.com:3128",
    ]);
    expect(await wrong(upstream(""), { HTTPS_PROXY: "socks5://own:1" })).toEqual([
      "upstreams.a.url: the environment variable HTTPS_PROXY is no URL of an HTTP proxy",
    ]);
  });
});

describe("TLS of an upstream", () => {
  test("is read from its files", async () => {
    const files = `caFile: ${pem}.cert.pem, certFile: ${pem}.cert.pem, keyFile: ${pem}.key.pem`;
    const { upstreams } = compile(await settingsFrom(upstream(`tls: { ${files}, serverName: other }`)));
    const certificate = expect.stringContaining("BEGIN CERTIFICATE");
    expect(upstreams.get("a")?.tls).toEqual({
      ca: certificate,
      cert: certificate,
      key: expect.stringContaining("PRIVATE KEY"),
      serverName: "other",
    });
  });

  test.each([
    ["tls: { certFile: package.json }", "upstreams.a.tls: must have both certFile and keyFile, or neither"],
    ["tls: { caFile: /nowhere/ca.pem }", "upstreams.a.tls.caFile: /nowhere/ca.pem: no such file"],
    [
      `tls: { certFile: ${pem}.cert.pem, keyFile: test/support/tls/renewed.key.pem }`,
      "upstreams.a.tls: these files cannot be used together (ERR_OSSL_X509_KEY_VALUES_MISMATCH)",
    ],
  ])("has errors that are told: %s", async (text, error) => {
    expect(await wrong(upstream(text))).toContain(error);
  });

  test("has no place with http", async () => {
    expect(await wrong('upstreams: { a: { url: "http://a", tls: {} } }')).toEqual([
      "upstreams.a.url: is not https, so tls cannot be used",
    ]);
  });
});

describe("the breaker of an upstream", () => {
  test.each(["", "breaker: off"])("is none where none is configured: %s", async (text) => {
    expect(compile(await settingsFrom(upstream(text))).upstreams.get("a")?.breaker).toBeUndefined();
  });

  test("has its defaults where it is empty", async () => {
    expect(compile(await settingsFrom(upstream("breaker: {}"))).upstreams.get("a")?.breaker).toMatchObject({
      errorPercentage: 50,
      minimumCalls: 20,
      windowMs: 10_000,
      resetMs: 15_000,
      whenOpen: "fail",
    });
  });

  test("is an object or off", async () => {
    expect(await wrong(upstream("breaker: on"))).toEqual(["upstreams.a.breaker: must be an object or off"]);
    expect(await wrong(upstream("breaker: { minimumCall: 1 }"))).toEqual([
      "upstreams.a.breaker.minimumCall: unknown key",
    ]);
  });
});
