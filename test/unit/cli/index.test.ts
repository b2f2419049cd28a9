import { expect, test } from "vitest";
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
