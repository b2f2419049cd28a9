import { expect, test } from "vitest";
import { runIn } from "../../support/io.ts";

const good = `upstreams: { a: { url: "http://a" } }\nrules: [{ name: r, serve: simulate, match: { stream: true } }]\n`;

test("a good file is ok, with what is in it", async () => {
  const { code, out, err } = await runIn({ "s.yaml": good }, ["check", "s.yaml"]);
  expect([code, err]).toEqual([0, ""]);
  expect(out).toMatch(/^s\.yaml: ok \(1 rule, 1 upstream, \d+ profiles\)\n$/);
});

test("a bad file shows every error and ends with exit code 2", async () => {
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
    (await runIn(file, ["check", "s.yaml"], { env: { KEY_A: "k" } })).code,
  ]).toEqual([2, 0]);
});

test("--json gives one array of findings a program can read, each with its file and code", async () => {
  const files = {
    "a.yaml": "lisen: {}\n",
    "b.yaml": `upstreams: { a: { url: "http://a", apiKeyEnv: KEY } }\n`,
  };
  const { code, out } = await runIn(files, ["check", "a.yaml", "b.yaml", "c.yaml", "--json"]);
  expect(code).toBe(2);
  const place = { line: 1, column: 1 };
  expect(JSON.parse(out)).toMatchObject([
    { ...place, file: "a.yaml", path: "lisen", severity: "error", code: "unknown-key", nearest: "listen" },
    { file: "b.yaml", path: "upstreams.a.apiKeyEnv", severity: "warning", code: "unset-variable" },
    { ...place, file: "c.yaml", path: "", severity: "error", code: "unreadable-file", message: "no such file" },
  ]);
});

test("a good file has an empty array of findings", async () => {
  const { code, out } = await runIn({ "s.yaml": good }, ["check", "s.yaml", "--json"]);
  expect([code, JSON.parse(out)]).toEqual([0, []]);
});

test("a file that is not there is one clear line", async () => {
  const { code, out } = await runIn({}, ["check", "no.yaml"]);
  expect([code, out]).toEqual([2, "no.yaml: no such file.\n"]);
});

test("an empty file is refused, by check and by start", async () => {
  const files = { "s.yaml": "# to be written\n" };
  const text = "s.yaml:1:1 the file is empty; {} stands for a configuration of defaults, which simulates every call.\n";
  expect(await runIn(files, ["check", "s.yaml"])).toMatchObject({ code: 2, out: text });
  const started = await runIn(files, ["start", "--config", "s.yaml"]);
  expect([started.code, started.err]).toEqual([2, `${started.folder}/${text}`]);
});

test("- reads standard input", async () => {
  const { code, out } = await runIn({}, ["check", "-"], { input: "seed: x\n" });
  expect([code, out]).toEqual([2, "<stdin>:1:7 seed: must be a number, not a string.\n"]);
  expect((await runIn({}, ["check", "-"], { input: good })).code).toBe(0);
});

test("several files are reported one after the other, and one bad one is enough", async () => {
  const { code, out } = await runIn({ "a.yaml": good, "b.yaml": "seed: x\n", "c.yaml": good }, [
    "check",
    "a.yaml",
    "b.yaml",
    "c.yaml",
  ]);
  expect(code).toBe(2);
  expect(out.split("\n").map((line) => line.split(" ")[0])).toEqual(["a.yaml:", "b.yaml:1:7", "c.yaml:", ""]);
});

test("--strict makes warnings count", async () => {
  const files = { "s.yaml": "rules: [{ name: a, serve: simulate, match: { percentage: 0 } }]\n", "t.yaml": good };
  expect((await runIn(files, ["check", "s.yaml"])).code).toBe(0);
  expect((await runIn(files, ["check", "s.yaml", "--strict"])).code).toBe(2);
  expect((await runIn(files, ["check", "t.yaml", "--strict"])).code).toBe(0);
});

test("where percentages are used, it is said how many calls each rule and each fault gets", async () => {
  const text = `rules:
  - { name: fifth, serve: simulate, match: { percentage: 20 } }
  - name: half
    serve: simulate
    match: { percentage: 50 }
    faults: [{ kind: status, status: 429, percentage: 10 }, { kind: cut, percentage: 5 }, { kind: delay, ms: 9 }]
`;
  const { out } = await runIn({ "s.yaml": text }, ["check", "s.yaml"]);
  expect(out.split("\n").slice(1)).toEqual([
    "  fifth: 20 % of the calls",
    "  half: 40 % of the calls, fault status 4 %, fault cut 2 %, fault delay 40 %",
    "  default: 40 % of the calls",
    "",
  ]);
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
