import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { exitCodes } from "../../../src/cli/exit-codes.ts";
import { commands } from "../../../src/cli/index.ts";
import { runIn } from "../../support/io.ts";

const names = commands.map(({ name }) => name);

test("--help lists every command", async () => {
  const { code, out } = await runIn({}, ["--help"]);
  expect(code).toBe(0);
  for (const { name, summary } of commands) expect(out).toContain(`\n  ${name.padEnd(10)} ${summary}\n`);
});

test.each([["-h"], ["help"]])("%s shows the same as --help", async (arg) => {
  expect(await runIn({}, [arg])).toMatchObject({ code: 0, out: (await runIn({}, ["--help"])).out });
});

test("help COMMAND shows the help of that command", async () => {
  expect((await runIn({}, ["help", "check"])).out).toBe((await runIn({}, ["check", "--help"])).out);
  expect(await runIn({}, ["help", "chek"])).toMatchObject({ code: 2, err: expect.stringContaining("unknown command") });
});

test("what no command was named for is not said to be an error of one", async () => {
  expect(await runIn({}, ["--bogus"])).toMatchObject({
    code: 2,
    err: "stuntdouble: unknown option --bogus. Allowed: --config, --config-cache, --port, --admin-port, --ext-proc.\n",
  });
});

test("no two commands have the same name", () => {
  expect(names).toEqual([...new Set(names)]);
});

test.each([["--version"], ["-v"]])("%s is the version", async (arg) => {
  expect(await runIn({}, [arg])).toMatchObject({ code: 0, out: "1.2.3\n" });
});

test("an unknown command names those there are", async () => {
  expect(await runIn({}, ["chek"])).toMatchObject({
    code: 2,
    err: `stuntdouble: unknown command "chek". Commands: ${names.join(", ")}.\n`,
  });
});

test.each(names)("%s --help shows two examples", async (command) => {
  const { code, out } = await runIn({}, [command, "--help"]);
  const examples = out.split("Examples\n")[1] ?? "";
  expect([code, examples.trim().split("\n").length]).toEqual([0, 2]);
});

test.each([
  ["an unknown flag", ["check", "--jsn", "a.yaml"], /: unknown option --jsn\. Did you mean --json\? Allowed: .*--json/],
  ["a flag without its value", ["explain", "--request"], /: --request needs a value\.$/m],
  ["a flag in the place of a value", ["explain", "--request", "--json"], /: --request needs a value\.$/m],
  ["a value for a flag that takes none", ["check", "--json=yes", "a.yaml"], /: --json takes no value\.$/m],
  ["a request file that is not there", ["explain", "--request", "r.json"], /r\.json: no such file\.$/m],
  ["an argument too many", ["schema", "now"], /unexpected argument "now"/],
  ["no file to check", ["check"], /expected a file/],
  ["no request to explain", ["explain"], /--request FILE is missing/],
  ["flags that cannot be combined", ["schema", "--write", "--check"], /cannot be combined/],
])("%s ends with exit code 2 and one line that says so", async (_name, args, message) => {
  const { code, out, err } = await runIn({}, args);
  expect([code, out, err.trim().split("\n").length]).toEqual([2, "", 1]);
  expect(err).toMatch(message);
});

/** The arguments of each command of the examples in a help text. */
function examplesIn(usage: string): string[][] {
  const lines = (usage.split("Examples\n")[1] ?? "").trim().split("\n");
  return lines.map((line) => {
    const [, command = ""] = /stuntdouble ((?:'[^']*'|[^'|>)])*)/.exec(line) ?? [];
    return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
  });
}

// What is read first is refused first: so the example itself was read without an error, and nothing is done.
test.each(
  commands.flatMap(({ name, usage }) => examplesIn(usage).map((args) => [args.join(" "), name, args] as const)),
)("the example %s has arguments that its command takes", async (_text, name, args) => {
  const { code, err } = await runIn({}, [...args, "--no-such-flag"]);
  expect([args[0], code]).toEqual([name, 2]);
  expect(err).toMatch(/unknown option --no-such-flag\./);
});

test.each(names)("misuse of %s ends with exit code 2, and its help tells its exit codes", async (name) => {
  expect((await runIn({}, [name, "--no-such-flag"])).code).toBe(exitCodes.invalid);
  const { out } = await runIn({}, [name, "--help"]);
  const [, told = ""] = /^Exit codes: ([^]*?)\n\n/m.exec(out) ?? [];
  const codes = [...told.matchAll(/(?<![\w.])(\d)(?= )/g)].map(([, code]) => Number(code));
  expect(codes[0]).toBe(0);
  expect(Object.values<number>(exitCodes)).toEqual(expect.arrayContaining(codes));
  expect(codes).toContain(2);
});

test("chaos presets --json can be read by a program", async () => {
  const { out } = await runIn({}, ["chaos", "presets", "--json"]);
  expect(JSON.parse(out)).toContainEqual({ name: "region-down", hypothesis: expect.any(String) });
});

test("the exit codes of docs/command-line.md are those there are", () => {
  const page = readFileSync("docs/command-line.md", "utf8");
  const [, table = ""] = /\| code \| meaning \|\n\| --- \| --- \|\n((?:\|.*\n)+)/.exec(page) ?? [];
  expect([...table.matchAll(/^\| (\d) \|/gm)].map(([, code]) => Number(code))).toEqual(Object.values(exitCodes));
});
