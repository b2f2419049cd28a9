import { globSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { commands } from "../../../src/cli/index.ts";

const pages = ["README.md", ...globSync("docs/**/*.md")].filter((page) => page !== "docs/reference/cli.md");

/** A page without what stands in Markdown for code. */
function blocksOf(page: string): { language: string; code: string }[] {
  const text = readFileSync(page, "utf8");
  return [...text.matchAll(/^(`{3,})(\w*)\n(.*?)^\1$/gms)].map(([, , language = "", code = ""]) => ({
    language,
    code,
  }));
}

/** The commands of the program in a text, each on one line: `chaos watch ID --admin URL`. */
function commandsIn(code: string): string[] {
  const lines = code
    .replaceAll(/\\\n\s*/g, "")
    .matchAll(/(?<!install)(?:^|[\s(;&|])stuntdouble (?:-- )?([a-z]+(?: [^|;&()>\n]*)?)/g);
  return [...lines].map(([, command = ""]) => command.trim());
}

const named = pages.flatMap((page) =>
  blocksOf(page)
    .filter(({ language }) => ["sh", "yml", "groovy"].includes(language))
    .flatMap(({ code }) => commandsIn(code))
    .map((command) => [page, command] as const),
);

test.each(named)("%s: stuntdouble %s is a command, with options that it has", (_page, command) => {
  const [name, ...words] = command.split(/\s+/);
  const usage = commands.find((each) => each.name === name)?.usage ?? "";
  expect(commands.map((each) => each.name)).toContain(name);
  const flags = words.filter((word) => /^--?[a-z]/.test(word)).map((word) => word.replace(/['"`=,].*$/s, ""));
  expect(flags.filter((flag) => !new RegExp(`(?<![\\w-])${flag}(?![\\w-])`).test(`${usage} --help`))).toEqual([]);
});

describe("docs/recipes/ci.md", () => {
  const blocks = blocksOf("docs/recipes/ci.md");
  const jobs = blocks.filter(({ language }) => language === "yml").map(({ code }) => code);

  test.each(jobs)("has a job that is YAML: %s", (code) => {
    expect(parse(code)).toBeTypeOf("object");
  });

  test.each(["GitHub Actions", "GitLab CI", "Jenkins"])("has a service and both gates for %s", (system) => {
    const text = readFileSync("docs/recipes/ci.md", "utf8");
    expect(text.match(new RegExp(`^${system}[,:]`, "gm"))?.length).toBe(3);
  });
});
