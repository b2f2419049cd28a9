import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { commands } from "../../../src/cli/index.ts";
import { runAt } from "../../support/io.ts";

async function scriptOf(shell: string): Promise<string> {
  const { code, out } = await runAt(".", ["completion", shell]);
  expect(code).toBe(0);
  return out;
}

/** What bash offers for the last of some words. */
async function offered(...words: string[]): Promise<string[]> {
  const array = words.map((word) => `'${word}'`).join(" ");
  const asked = `${await scriptOf("bash")}
COMP_WORDS=(${array}); COMP_CWORD=${words.length - 1}; _stuntdouble; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["-c", asked], { encoding: "utf8" }).split("\n").filter(Boolean);
}

test("bash completes every command", async () => {
  expect(await offered("stuntdouble", "")).toEqual([...commands.map(({ name }) => name), "--help", "--version"]);
  expect(await offered("stuntdouble", "rec")).toEqual(["recordings", "records"]);
});

test("bash completes what a command does, and its options", async () => {
  expect(await offered("stuntdouble", "chaos", "st")).toEqual(["start", "stop"]);
  expect(await offered("stuntdouble", "chaos", "watch", "la")).toEqual(["latest"]);
  expect(await offered("stuntdouble", "status", "--")).toEqual(["--admin", "--json", "--token-env", "--help"]);
});

test("zsh and fish are told of every command with its summary", async () => {
  for (const shell of ["zsh", "fish"]) {
    const script = await scriptOf(shell);
    for (const { name, summary } of commands) {
      expect(script).toContain(name);
      expect(script).toContain(summary.replaceAll("'", String.raw`'\''`));
    }
  }
});

test.each([["tcsh"], []])("an unknown shell, or none, is refused with those that there are", async (...args) => {
  const { code, err } = await runAt(".", ["completion", ...args]);
  expect([code, err]).toEqual([2, "stuntdouble completion: expected one of bash, zsh, fish.\n"]);
});
