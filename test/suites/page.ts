import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Result } from "./run-suite.ts";

const page = path.join(import.meta.dirname, "../../docs/clients.md");
const begin = "<!-- table: suites -->\n";
const end = "\n<!-- end -->";
const head = ["| tool | version | works | does not |", "| --- | --- | --- | --- |"];

/** The row of the table for a suite. */
export function rowOf({ suite, versions, checks, failure }: Result): string {
  const version =
    versions.length === 1 ? versions.join() : suite.packages.map((name, at) => `${name} ${versions[at]}`).join(", ");
  const works = checks.filter(({ ok }) => ok).map(({ check }) => check);
  const not = checks.filter(({ ok }) => !ok).map(({ check, detail }) => `**${check}**: ${cell(detail)}`);
  if (failure !== undefined) not.push(`**the program itself**: ${cell(failure)}`);
  return `| ${suite.tool} | ${version} | ${works.join(", ")} | ${not.join("; ")} |`;
}

/** Text that breaks no row, and is the same in each run: ports differ, and so do ids among headers. */
function cell(text: string): string {
  const plain = text
    .replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1")
    .replaceAll(/headers: \{[^}]*\}?,? ?/g, "")
    .replaceAll("|", "\\|");
  return `\`${plain.replaceAll(/\s+/g, " ").replaceAll("`", "'").slice(0, 160).trim()}\``;
}

/** The rows that stand in the page, by tool. */
export async function rowsInPage(): Promise<Map<string, string>> {
  const { rows } = await readPage();
  return new Map(rows.map((row) => [toolOf(row), row]));
}

/** Puts rows into the table of the page, each in the place of its tool, in the order given; others stay if they are named. */
export async function writeRows(made: ReadonlyMap<string, string>, order: readonly string[]): Promise<void> {
  const { before, rows, after } = await readPage();
  const all = new Map([...rows.map((row) => [toolOf(row), row] as const), ...made]);
  const kept = order.flatMap((tool) => all.get(tool) ?? []);
  await writeFile(page, `${before}${begin}${[...head, ...kept].join("\n")}${after}`);
}

function toolOf(row: string): string {
  return row.split("|", 2)[1]?.trim() ?? "";
}

async function readPage(): Promise<{ before: string; rows: string[]; after: string }> {
  const text = await readFile(page, "utf8");
  const from = text.indexOf(begin);
  const to = text.indexOf(end, from);
  if (from === -1 || to === -1) throw new Error(`${page} has no table "suites".`);
  const rows = text.slice(from + begin.length, to).split("\n");
  return { before: text.slice(0, from), rows: rows.slice(head.length), after: text.slice(to) };
}
