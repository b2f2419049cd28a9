import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { commands } from "../../src/cli/index.ts";
import { readControl, type ControlSettings } from "../../src/core/control.ts";
import { errorTable } from "../../src/core/errors.ts";
import { faults } from "../../src/core/faults/index.ts";
import type { Decision } from "../../src/core/types.ts";
import { dialects } from "../../src/core/dialects/index.ts";

const root = path.join(import.meta.dirname, "../..");
const read = (page: string): string => readFileSync(path.join(root, page), "utf8");
const docs = readdirSync(path.join(root, "docs"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md"))
  .map((name) => `docs/${name}`);
const pages = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "bench/README.md", ...docs];

type Failed = { readonly error: { readonly type: string; readonly code: string | null } };

/** What stands outside code. */
function proseOf(page: string): string {
  return read(page)
    .replaceAll(/^```.*?^```/gms, "")
    .replaceAll(/`[^`\n]*`/g, "");
}

function linksOf(page: string): string[] {
  return [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^https?:/.test(target));
}

/** The pages that a page leads to, from the root of the repository. */
function targetsOf(page: string): string[] {
  return linksOf(page).map((link) => path.join(path.dirname(page), link));
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(file: string): string[] {
  const headings = readFileSync(file, "utf8")
    .replaceAll(/^```.*?^```/gms, "")
    .matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, title]) =>
    title!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** The cells of each row of the tables below a heading, without the heads of the tables. */
function rowsOf(page: string, heading?: string): string[][] {
  const section =
    heading === undefined
      ? read(page).split(/^## /m)[0]!
      : read(page).split(`\n## ${heading}\n`)[1]!.split(/^## /m)[0]!;
  const lines = section.split("\n").filter((line) => line.startsWith("|"));
  const cells = lines.map((line) =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
  return cells.filter((row, index) => !isRuler(row) && !isRuler(cells[index + 1] ?? []));
}

function isRuler(row: readonly string[]): boolean {
  return row.length > 0 && row.every((cell) => /^:?-+:?$/.test(cell));
}

describe("links", () => {
  test.each(pages.flatMap((page) => linksOf(page).map((link) => [page, link] as const)))(
    "%s: %s leads to something",
    (page, link) => {
      const [file = "", anchor] = link.split("#");
      const target = file === "" ? path.join(root, page) : path.resolve(root, path.dirname(page), file);
      expect(existsSync(target)).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(target)).toContain(anchor);
    },
  );

  test("the README leads to the index of the docs, and that to every page of docs, decisions by their own index", () => {
    const index = "docs/README.md";
    expect(linksOf("README.md")).toContain(index);
    const listed = new Set([index, "docs/decisions/README.md"].flatMap(targetsOf));
    expect(docs.filter((page) => page !== index && !listed.has(page))).toEqual([]);
  });
});

describe("files that are named", () => {
  const named = ["README.md", "CONTRIBUTING.md", "docs/architecture.md"].flatMap((page) =>
    [...read(page).matchAll(/`((?:src|test|docs|bench|schema|profiles)\/[\w./-]*)`/g)].map(
      ([, name]) => [page, name!] as const,
    ),
  );

  test.each(named)("%s: %s exists", (_page, name) => {
    expect(existsSync(path.join(root, name))).toBe(true);
  });
});

describe("a decision", () => {
  test.each(docs.filter((page) => page.startsWith("docs/decisions/") && !page.endsWith("README.md")))(
    "%s has a question, a response, reasons, and what would change our mind, on one page",
    (page) => {
      const bold = [...read(page).matchAll(/^\*\*([^*.]+)\.?\*\*/gm)].map(([, title]) => title);
      expect(bold).toEqual(["Question", "Decision", "Why", "What it costs us", "What would change our mind"]);
      expect(read(page).split("\n").length).toBeLessThanOrEqual(60);
    },
  );

  const named = docs
    .filter((page) => page.startsWith("docs/decisions/"))
    .flatMap((page) =>
      [...read(page).matchAll(/`(?:npx vitest run )?((?:src|test|envoy|bench)\/[\w./-]+)`/g)].map(
        ([, name]) => [page, name!] as const,
      ),
    );

  test.each(named)("%s: %s exists", (_page, name) => {
    expect(existsSync(path.join(root, name))).toBe(true);
  });

  const measured = docs
    .filter((page) => page.startsWith("docs/decisions/"))
    .flatMap((page) =>
      [...read(page).matchAll(/`npm run (bench[\w:-]*)(?: -- ([\w-]+))?`/g)].map(
        ([, script, part]) => [page, script!, part] as const,
      ),
    );

  test.each(measured)("%s: npm run %s can measure %s", (_page, script, part) => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    expect(Object.keys(scripts)).toContain(script);
    if (part !== undefined) expect(read("bench/run.ts")).toMatch(new RegExp(`^  "?${part}"?[:,]`, "m"));
  });
});

describe("docs/errors.md", () => {
  test("lists every error with its status and its sentence, in the order of the code", () => {
    const expected = Object.entries(errorTable).map(([code, { status, summary }]) => [
      `\`${code}\``,
      String(status),
      summary,
    ]);
    expect(rowsOf("docs/errors.md")).toEqual(expected);
  });

  test("says rightly what each error is called in OpenAI's shape", () => {
    const rows = new Map(rowsOf("docs/errors.md", "What the caller gets").map(([ours, name]) => [ours, name]));
    const { failure } = dialects.find(({ name }) => name === "openai")!;
    const codes = Object.keys(errorTable) as (keyof typeof errorTable)[];
    expect([...rows.keys()].filter((ours) => !codes.some((code) => ours === `\`${code}\``))).toEqual([]);
    for (const code of codes) {
      const { status } = errorTable[code];
      const variant = code === "BUDGET_SPENT" ? "quota" : undefined;
      const { error } = JSON.parse(failure({ status, code, variant, requestId: "req_1" }).body) as Failed;
      const name = rows.get(`\`${code}\``);
      if (name === undefined) expect(error.code).toBe(code);
      else expect(name).toContain(String(error.code));
      const usual = [status < 500 ? "invalid_request_error" : "server_error"];
      const limits = { RATE_LIMITED: ["requests", "tokens"], BUDGET_SPENT: ["insufficient_quota"] };
      expect({ ...limits }[code as keyof typeof limits] ?? usual).toContain(error.type);
    }
  });
});

describe("docs/command-line.md", () => {
  test("lists every command with its summary, in the order of the code", () => {
    const summaries = commands.map(({ name, summary }) => [`\`${name}\``, summary]);
    expect(
      rowsOf("docs/command-line.md").map((row) =>
        row.map((cell, column) => (column === 1 ? cell.replaceAll("`", "") : cell)),
      ),
    ).toEqual(summaries);
  });
});

describe("docs/faults.md", () => {
  test("has a section for every kind of fault, and for no other", () => {
    const sections = [...read("docs/faults.md").matchAll(/^## `(.+)`$/gm)].map(([, kind]) => kind);
    expect(sections).toEqual(faults.map(({ kind }) => kind));
  });
});

describe("docs/control-header.md", () => {
  const page = "docs/control-header.md";
  const settings: ControlSettings = {
    header: "x-stuntdouble",
    enabled: true,
    tokenMatches: undefined,
    maxDelayMs: 60_000,
    faults: undefined,
    upstreams: ["openai"],
    profiles: ["gpt-4o"],
  };
  const simulated: Decision = {
    rule: "default",
    serve: { from: "simulator", profile: undefined },
    mirror: undefined,
    faults: [],
    overrides: {},
  };
  const examples = [...read(page).matchAll(/^x-stuntdouble: (.+)$/gm)].map(([, value]) => value!);

  test.each(examples)("shows a header that is accepted: %s", (value) => {
    expect(readControl(value, settings, simulated).rule).toBe("control");
  });

  test("lists every key, and no other", () => {
    const keys = rowsOf(page, "Keys").map(([key]) => key!.replaceAll("`", ""));
    expect(() => readControl("unknown", settings, simulated)).toThrow(`Allowed: ${keys.join(", ")}.`);
  });
});

test("LICENSE is the whole Apache License 2.0", () => {
  const license = read("LICENSE");
  expect(license.trimStart()).toMatch(/^Apache License\s+Version 2\.0, January 2004/);
  expect([...license.matchAll(/^ {3}(\d)\. /gm)].map(([, number]) => number)).toEqual(Array.from("123456789"));
  expect(license.trimEnd()).toMatch(/limitations under the License\.$/);
});
