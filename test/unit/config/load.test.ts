import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { fileExists, formatErrors, loadConfig, settingsOf } from "../../../src/config/load.ts";
import { matchSchema } from "../../../src/core/match.ts";
import { load, mistakesIn, settingsFrom } from "../../support/config.ts";

const tlsFolder = path.join(import.meta.dirname, "../../support/tls");

const sevenMistakes = `listen: { host: 0.0.0.0, port: eighty }
permits: { max: 0 }
upstreams:
  openai: { url: "ftp://api.openai.com" }
  other: { url: "https://example.com" }
rules:
  - name: one
    match: { modle: "gpt-4*" }
    serve: forward
    upstream: opnai
  - { name: one, serve: simulat }
`;

test("a file with seven errors shows seven findings, each with line, column and path", async () => {
  expect(await mistakesIn(sevenMistakes)).toEqual([
    ["1:32 listen.port", "must be a number, not a string", undefined],
    ["2:17 permits.max", "must be at least 1", undefined],
    ["4:18 upstreams.openai.url", "must begin with http:// or https://", undefined],
    ["8:14 rules[0].match.modle", "unknown key", "model"],
    ["10:15 rules[0].upstream", `unknown upstream "opnai"`, "openai"],
    ["11:13 rules[1].name", `duplicate name: rules[0] is also named "one"`, undefined],
    ["11:25 rules[1].serve", `must be one of the allowed values, not "simulat"`, "simulate"],
  ]);
});

test("an error is printed as a compiler prints it, with the nearest key and all allowed ones", async () => {
  const loaded = await load("rules:\n  - { name: a, serve: simulate, match: { strem: true } }\n");
  expect(loaded.ok ? "" : formatErrors("stuntdouble.yaml", loaded.errors)).toBe(
    `stuntdouble.yaml:2:42 rules[0].match.strem: unknown key. Did you mean "stream"? Allowed: ${Object.keys(matchSchema.shape).join(", ")}.`,
  );
});

test.each([
  ["an unknown key at the top", "lissten: {}", "1:1 lissten", "unknown key", "listen"],
  [
    "an unknown key of a fault, among those of its kind",
    "default: { faults: [{ kind: cut, afterToken: 1 }] }",
    "1:34 default.faults[0].afterToken",
    "unknown key",
    "afterTokens",
  ],
  [
    "an unknown kind of fault",
    "default: { faults: [{ kind: cutt }] }",
    "1:29 default.faults[0].kind",
    `must be one of the allowed values, not "cutt"`,
    "cut",
  ],
  [
    "a fault without a kind",
    "default: { faults: [{ afterTokens: 1 }] }",
    "1:21 default.faults[0].kind",
    "is required",
    undefined,
  ],
  [
    "a wrong option of a fault",
    "default: { faults: [{ kind: status, status: 200 }] }",
    "1:45 default.faults[0].status",
    "must be at least 400",
    undefined,
  ],
  [
    "a missing key, where it is missing",
    "upstreams:\n  a: { dialect: openai }",
    "2:3 upstreams.a",
    "must have either url or urls",
    undefined,
  ],
  ["an array where an object belongs", "listen: [1]", "1:1 listen", "must be an object, not an array", undefined],
  ["a fraction where an integer belongs", "seed: 1.5", "1:7 seed", "must be an integer, not the number 1.5", undefined],
  [
    "a name that cannot be one",
    `upstreams: { "a b": { url: "http://h" } }`,
    "1:14 upstreams.a b",
    expect.stringMatching(/^this name must start with/),
    undefined,
  ],
  [
    "a number of workers that is none",
    "workers: many",
    "1:10 workers",
    "must be auto or an integer from 1 to 1024",
    undefined,
  ],
  [
    "a key that is given twice",
    "seed: 1\nlisten: { port: 1, port: 2 }",
    "2:20 listen.port",
    "duplicate key",
    undefined,
  ],
  ["a file that is no object", "- 1\n- 2", "1:1 ", "must be an object, not an array", undefined],
  [
    "credentials in a URL",
    `upstreams: { a: { url: "https://me:secret@h" } }`,
    "1:24 upstreams.a.url",
    expect.stringContaining("apiKeyEnv"),
    undefined,
  ],
  [
    "an expression that RE2 does not know",
    `rules: [{ name: a, serve: simulate, match: { lastUserMessage: "(?=a)" } }]`,
    "1:63 rules[0].match.lastUserMessage",
    expect.stringContaining("is not a valid RE2 regular expression"),
    undefined,
  ],
  [
    "a percentage above 100",
    "rules: [{ name: a, serve: simulate, match: { percentage: 101 } }]",
    "1:58 rules[0].match.percentage",
    "must be at most 100",
    undefined,
  ],
  [
    "an unknown thing to draw by",
    "rules: [{ name: a, serve: simulate, match: { percentage: 1, percentageBy: user } }]",
    "1:75 rules[0].match.percentageBy",
    "must be requestId, key or header:NAME",
    undefined,
  ],
  [
    "a reserved rule name",
    "rules: [{ name: control, serve: simulate }]",
    "1:17 rules[0].name",
    `the name "control" is reserved`,
    undefined,
  ],
  [
    "an unknown profile",
    "default: { profile: gpt-4oo }",
    "1:21 default.profile",
    `unknown profile "gpt-4oo"`,
    "gpt-4o",
  ],
  [
    "a profile that is learned of an upstream that is not there",
    `upstreams: { openai: { url: "http://a" } }\ndefault: { profile: { learn: opnai } }`,
    "2:30 default.profile.learn",
    `unknown upstream "opnai"`,
    "openai",
  ],
  [
    "forwarding without an upstream",
    "default: { serve: forward }",
    "1:12 default.serve",
    "forward needs an upstream, but none is configured",
    undefined,
  ],
  [
    "forwarding to one of two without saying which",
    `upstreams: { a: { url: "http://a" }, b: { url: "http://b" } }\ndefault: { serve: forward }`,
    "2:1 default.upstream",
    "is required with more than one upstream",
    undefined,
  ],
  [
    "an upstream for a simulated response",
    `upstreams: { a: { url: "http://a" } }\ndefault: { serve: simulate, upstream: a }`,
    "2:29 default.upstream",
    "cannot be combined with serve: simulate",
    undefined,
  ],
  [
    "a mirror of a simulated response",
    "default: { mirror: simulate }",
    "1:12 default.mirror",
    "cannot be combined with serve: simulate",
    undefined,
  ],
  [
    "an unknown reaction to an open breaker",
    `upstreams: { a: { url: "http://a", breaker: { whenOpen: fails } } }`,
    "1:57 upstreams.a.breaker.whenOpen",
    expect.stringContaining("allowed values"),
    "fail",
  ],
  [
    "bounds the wrong way round",
    "rules: [{ name: a, serve: simulate, match: { promptTokens: { min: 2, max: 1 } } }]",
    "1:46 rules[0].match.promptTokens",
    "min 2 is greater than max 1",
    undefined,
  ],
  [
    "a key without a value",
    "auth: { keys: [{ name: a }] }",
    "1:16 auth.keys[0]",
    "must have either sha256 or env",
    undefined,
  ],
  [
    "a key whose variable is not set",
    "auth: { keys: [{ name: a, env: KEY_A }] }",
    "1:32 auth.keys[0].env",
    "the environment variable KEY_A is not set",
    undefined,
  ],
  [
    "a control token whose variable is not set",
    "control: { tokenEnv: TOKEN }",
    "1:22 control.tokenEnv",
    "the environment variable TOKEN is not set",
    undefined,
  ],
  [
    "a certificate that is not there",
    "listen: { tls: { certFile: /nowhere/c.pem, keyFile: package.json } }",
    "1:28 listen.tls.certFile",
    "/nowhere/c.pem: no such file",
    undefined,
  ],
  [
    "a certificate for Envoy that is not there",
    "extProc: { tls: { certFile: /nowhere/c.pem, keyFile: package.json } }",
    "1:29 extProc.tls.certFile",
    "/nowhere/c.pem: no such file",
    undefined,
  ],
  [
    "a folder of profiles that is not there",
    "profiles: /nowhere",
    "1:11 profiles",
    expect.stringContaining("/nowhere"),
    undefined,
  ],
])("%s is found where it stands", async (_name, text, ...error) => {
  expect(await mistakesIn(text)).toEqual([error]);
});

test("broken YAML is one error at its place", async () => {
  const loaded = await load("listen: { port: 1\nrules: []\n");
  expect(loaded.ok ? [] : loaded.errors.map(({ line, path }) => [line, path])).toEqual([[2, ""]]);
});

test("a key that would change every object is an error wherever names are free", async () => {
  const text = `{"upstreams": {"__proto__": {"url": "http://h"}}, "__proto__": {}}`;
  expect((await mistakesIn(text)).map(([place]) => place)).toEqual(["1:16 upstreams.__proto__", "1:51 __proto__"]);
});

test("aliases that multiply without end are an error", async () => {
  const rows = [
    "a: &a0 [x, x]",
    ...Array.from({ length: 12 }, (_, row) => `b${row}: &a${row + 1} [${`*a${row}, `.repeat(9)}x]`),
  ];
  expect((await mistakesIn(rows.join("\n")))[0]?.[1]).toMatch(/alias/);
});

test("an error behind an alias is found where the alias points", async () => {
  const text = "default: { faults: &f [{ kind: cutt }] }\nrules: [{ name: a, serve: simulate, faults: *f }]";
  const places = (await mistakesIn(text)).map(([place]) => place);
  expect(new Set(places)).toEqual(new Set(["1:32 default.faults[0].kind", "1:32 rules[0].faults[0].kind"]));
});

test("two API keys that are the same key are an error", async () => {
  const text = "auth: { keys: [{ name: a, env: KEY_A }, { name: b, env: KEY_B }] }";
  expect(await mistakesIn(text, { KEY_A: "same", KEY_B: "same" })).toEqual([
    ["1:41 auth.keys[1]", "is the same key as auth.keys[0]", undefined],
  ]);
});

test.each(["", "# nothing but a comment\n", "---\n", "null\n"])(
  "a file %j without anything is refused",
  async (text) => {
    expect(await mistakesIn(text)).toEqual([
      [
        expect.stringMatching(/^1:\d $/),
        "the file is empty; {} stands for a configuration of defaults, which simulates every call",
        undefined,
      ],
    ]);
  },
);

test("{} means all defaults", async () => {
  const { config } = await settingsFrom("{}");
  expect([config.listen.port, config.admin.port, config.workers, config.control.enabled, config.default.serve]).toEqual(
    [8080, 8081, "auto", false, "simulate"],
  );
});

test("JSON with tabs is read like YAML", async () => {
  const { config } = await settingsFrom(`{\n\t"listen": {\n\t\t"port": 9000\n\t}\n}\n`);
  expect(config.listen.port).toBe(9000);
});

test("rules behind one that matches every call are warned about", async () => {
  const loaded = await load(
    "rules:\n  - { name: all, serve: simulate }\n  - { name: late, serve: simulate, match: { model: x } }\n",
  );
  expect(loaded.ok && loaded.warnings).toEqual([
    {
      line: 3,
      column: 5,
      path: "rules[1]",
      code: "never-reached",
      message: `is never reached: "all" before it matches every call`,
    },
  ]);
});

test("a rule for a share of all calls hides nothing", async () => {
  const loaded = await load(
    "rules:\n  - { name: half, serve: simulate, match: { percentage: 50 } }\n  - { name: rest, serve: simulate }\n",
  );
  expect(loaded.warnings).toEqual([]);
});

test("an upstream's key that is not set is a warning", async () => {
  const loaded = await load(`upstreams: { a: { url: "http://a", apiKeyEnv: NO_KEY } }`);
  expect([loaded.ok, loaded.warnings.map(({ path }) => path)]).toEqual([true, ["upstreams.a.apiKeyEnv"]]);
});

test("only the environment variables that the file names are kept", async () => {
  const { env } = await settingsFrom(`upstreams: { a: { url: "http://a", apiKeyEnv: KEY } }`, {
    KEY: "k",
    PATH: "/bin",
  });
  expect(env).toEqual({ KEY: "k" });
});

test("settings are plain data that can be sent to another thread", async () => {
  const settings = await settingsFrom(`upstreams: { a: { url: "http://a" } }`);
  expect(structuredClone(settings)).toEqual(settings);
});

test("a file that is not there is named", async () => {
  const file = "/nowhere/stuntdouble.yaml";
  const loaded = await loadConfig(file, { env: {}, generation: 1 });
  expect(loaded.ok ? "" : formatErrors(file, loaded.errors)).toBe("/nowhere/stuntdouble.yaml: no such file.");
});

test("names of other files start at the folder of the configuration", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "stuntdouble-"));
  const [cert, key] = await Promise.all(
    ["cert", "key"].map((part) => readFile(`${tlsFolder}/localhost.${part}.pem`, "utf8")),
  );
  await writeFile(path.join(folder, "cert.pem"), cert!);
  await writeFile(path.join(folder, "key.pem"), key!);
  const file = path.join(folder, "stuntdouble.yaml");
  await writeFile(file, "listen: { tls: { certFile: cert.pem, keyFile: key.pem } }");
  const loaded = await loadConfig(file, { env: {}, generation: 3 });
  expect(loaded.ok && [loaded.settings.certificates.listen, loaded.settings.generation]).toEqual([{ cert, key }, 3]);
  expect([await fileExists(file), await fileExists(`${file}.no`)]).toEqual([true, false]);
});

test.each([
  [`admin: { tokenEnv: ADMIN_TOKEN }`, "1:20 admin.tokenEnv", "the environment variable ADMIN_TOKEN is not set"],
  [`admin: { tokenSha256: secret }`, "1:23 admin.tokenSha256", "must be 64 lower-case hex digits"],
  [
    `admin: { tokenSha256: ${"a".repeat(64)}, tokenEnv: HOME_TOKEN }`,
    "1:89 admin.tokenEnv",
    "cannot be combined with tokenSha256",
  ],
])("a token of the admin API that cannot be is an error: %s", async (text, place, message) => {
  expect(await mistakesIn(text, { HOME_TOKEN: "x" })).toEqual([[place, message, undefined]]);
});

test.each(["listen", "extProc"])("a certificate of %s that cannot be used is an error", async (port) => {
  const tls = (certFile: string, keyFile: string) =>
    `${port}:\n  tls: { certFile: "${tlsFolder}/${certFile}", keyFile: "${tlsFolder}/${keyFile}" }\n`;
  expect(await mistakesIn(tls("localhost.cert.pem", "renewed.key.pem"))).toEqual([
    [`2:3 ${port}.tls`, expect.stringMatching(/cannot be used together/), undefined],
  ]);
  expect(await mistakesIn(tls("localhost.cert.pem", "none.pem"))).toEqual([
    [expect.stringContaining(`${port}.tls.keyFile`), expect.stringContaining("no such file"), undefined],
  ]);
});

test("settings that stand in no file are checked in the same way", async () => {
  await expect(settingsOf({ default: { serve: "forward" } }, {})).rejects.toThrow(
    /default.serve: forward needs an upstream/,
  );
});

test("a fault of the client's socket is refused where ext_proc is served, with the reason, and allowed elsewhere", async () => {
  const rules = "rules:\n  - { name: a, serve: simulate, faults: [{ kind: cut }, { kind: reset }] }\n";
  expect(await mistakesIn(`extProc: {}\n${rules}`)).toEqual([
    [
      "3:65 rules[0].faults[1].kind",
      `"reset" needs the client's socket, which through ext_proc is Envoy's; use cut, or a node without extProc`,
      undefined,
    ],
  ]);
  expect((await load(rules)).ok).toBe(true);
});

test.each(["content-length", "informational"])(
  "%s is refused where ext_proc is served, which has nothing for it",
  async (kind) => {
    const rules = `rules:\n  - { name: a, serve: simulate, faults: [{ kind: ${kind} }] }\n`;
    const message = `"${kind}" needs the client's socket, which through ext_proc is Envoy's; use a node without extProc`;
    expect(await mistakesIn(`extProc: {}\n${rules}`)).toEqual([["3:50 rules[0].faults[0].kind", message, undefined]]);
    expect((await load(rules)).ok).toBe(true);
  },
);

test("merge keys are followed, and an error is shown where it stands", async () => {
  const text = `x-faulty: &faulty
  serve: simulate
  faults: [{ kind: cut, afterToken: 2 }]
rules:
  - { name: a, <<: *faulty }
  - { name: b, <<: [*faulty], serve: simulate, faults: [] }
`;
  expect(await mistakesIn(text)).toEqual([["3:25 rules[0].faults[0].afterToken", "unknown key", "afterTokens"]]);
  const { config } = await settingsFrom(text.replace("afterToken:", "afterTokens:"));
  expect(config.rules.map(({ faults }) => faults)).toEqual([[{ kind: "cut", afterTokens: 2 }], []]);
});

test("keys at the top that begin with x- are the writer's own, and nowhere else", async () => {
  const text = "x-anything: { goes: [here] }\nlisten: { x-port: 1 }\n";
  expect(await mistakesIn(text)).toEqual([["2:11 listen.x-port", "unknown key", "port"]]);
});

test("every error of a profile is an error, in the profile's own file", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "stuntdouble-"));
  await writeFile(path.join(folder, "mine.yaml"), "name: mine\nttftMs: 5\nspeed: 9\n");
  const file = path.join(folder, "stuntdouble.yaml");
  await writeFile(file, "seed: x\nprofiles: .\n");
  const loaded = await loadConfig(file, { env: {}, generation: 1 });
  const lines = loaded.ok ? [] : formatErrors(file, loaded.errors).split("\n");
  // The configuration lies in the same folder, and is no profile either.
  const own = lines.filter((line) => line.startsWith(path.join(folder, "mine.yaml")));
  expect(own.map((line) => line.slice(folder.length + 1).replace(/ Allowed: .*/, ""))).toEqual([
    "mine.yaml:1:1 itlMs: is required and must be an object.",
    "mine.yaml:1:1 outputTokens: is required and must be an object.",
    "mine.yaml:2:9 ttftMs: must be an object, not the number 5.",
    "mine.yaml:3:1 speed: unknown key.",
  ]);
  expect(lines).toContain(`${file}:1:7 seed: must be a number, not a string.`);
});

test("each file that was read is listed, so that it can be watched", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "stuntdouble-"));
  const file = path.join(folder, "stuntdouble.yaml");
  await mkdir(path.join(folder, "own"));
  await writeFile(path.join(folder, "own/mine.yaml"), "name: [\n");
  await writeFile(file, "profiles: own\nlisten: { tls: { certFile: cert.pem, keyFile: key.pem } }\n");
  const { ok, files } = await loadConfig(file, { env: {}, generation: 1 });
  const names = ["stuntdouble.yaml", "own", "own/mine.yaml", "cert.pem", "key.pem"];
  expect([ok, files.map((read) => read.path)]).toEqual([false, names.map((name) => path.join(folder, name))]);
});
