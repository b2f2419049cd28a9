import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "vitest";

const page = path.join(import.meta.dirname, "../../../docs/clients.md");
/** `STUNTDOUBLE_WRITE_DOCS=1 npx vitest run test/contract/outcomes` writes the tables anew. */
const writing = process.env["STUNTDOUBLE_WRITE_DOCS"] === "1";

/** The first two lines of a table with these clients as columns. */
export function headOf(names: readonly string[]): string[] {
  return [`| fault | ${names.join(" | ")} |`, `| --- |${" --- |".repeat(names.length)}`];
}

/** Holds a table to that of the page, or writes it there. */
export async function expectInPage(name: string, made: string): Promise<void> {
  const text = await readFile(page, "utf8");
  const [begin, end] = [`<!-- table: ${name} -->\n`, "\n<!-- end -->"];
  const from = text.indexOf(begin) + begin.length;
  expect(from).toBeGreaterThanOrEqual(begin.length);
  const to = text.indexOf(end, from);
  if (writing) await writeFile(page, text.slice(0, from) + made + text.slice(to));
  else expect(made).toBe(text.slice(from, to));
}
