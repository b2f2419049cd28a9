import { expect, test } from "vitest";
import { runIn } from "../../support/io.ts";

const good = `upstreams: { a: { url: "http://a" } }\nrules: [{ name: r, serve: simulate, match: { stream: true } }]\n`;

test("a good file is ok, with what is in it", async () => {
  const { code, out, err } = await runIn({ "s.yaml": good }, ["check", "s.yaml"]);
  expect([code, err]).toEqual([0, ""]);
  expect(out).toMatch(/^s\.yaml: ok \(1 rule, 1 upstream, \d+ profiles\)\n$/);
});

test("a bad file shows every mistake and ends with exit code 2", async () => {
  const { code, out } = await runIn({ "s.yaml": "seed: x\nlog: { level: inf }\n" }, ["check", "s.yaml"]);
  expect(code).toBe(2);
  expect(out).toBe(
    `s.yaml:1:7 seed: must be a number, not a string.\n` +
      `s.yaml:2:15 log.level: must be one of the allowed values, not "inf". Did you mean "info"? Allowed: debug, info, warn, error, silent.\n`,
  );
});

test("warnings go to standard error and stop nothing", async () => {
  const { code, out, err } = await runIn({ "s.yaml": `upstreams: { a: { url: "http://a", apiKeyEnv: KEY } }` }, [
    "check",
    "s.yaml",
  ]);
  expect([code, err.startsWith("s.yaml:1:47 upstreams.a.apiKeyEnv: warning: ")]).toEqual([0, true]);
  expect(out).toContain("ok");
});

test("environment variables count as they stand", async () => {
  const file = { "s.yaml": "auth: { keys: [{ name: a, env: KEY_A }] }" };
  expect([
    (await runIn(file, ["check", "s.yaml"])).code,
    (await runIn(file, ["check", "s.yaml"], { KEY_A: "k" })).code,
  ]).toEqual([2, 0]);
});

test("--json gives mistakes a program can read", async () => {
  const { code, out } = await runIn({ "s.yaml": "lisen: {}\n" }, ["check", "s.yaml", "--json"]);
  expect(code).toBe(2);
  expect(JSON.parse(out)).toMatchObject({
    ok: false,
    mistakes: [{ line: 1, column: 1, path: "lisen", message: "unknown key", nearest: "listen" }],
    warnings: [],
  });
});

test("a file that is not there is one clear line", async () => {
  const { code, err, folder } = await runIn({}, ["check", "no.yaml"]);
  expect([code, err]).toEqual([2, `stuntdouble check: ${folder}/no.yaml: no such file.\n`]);
});

test("--ext-proc finds what a node started in that way cannot do", async () => {
  const file = { "s.yaml": "default: { faults: [{ kind: reset }] }\n" };
  expect((await runIn(file, ["check", "s.yaml"])).code).toBe(0);
  const { code, out } = await runIn(file, ["check", "s.yaml", "--ext-proc"]);
  expect([code, out]).toEqual([
    2,
    `s.yaml:1:29 default.faults[0].kind: "reset" needs the client's socket, which through ext_proc is Envoy's; use cut, or a node without extProc.\n`,
  ]);
});
