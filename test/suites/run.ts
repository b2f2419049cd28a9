/**
 * Runs real clients, frameworks and load tools against a node.
 *
 * `npm run suites` runs all of them and writes the table of `docs/clients.md`; with names of tools it runs those and writes their rows.
 * `npm run suites -- --check` runs the quick ones and fails when a row differs from the one in the page.
 */
import { parseArgs } from "node:util";
import { rowOf, rowsInPage, writeRows } from "./page.ts";
import { runSuite, type Result } from "./run-suite.ts";
import { startServers } from "./server.ts";
import { suites, type Suite } from "./suites.ts";

const { values, positionals } = parseArgs({ options: { check: { type: "boolean" } }, allowPositionals: true });
const unknown = positionals.filter((name) => !suites.some(({ tool }) => tool === name));
if (unknown.length > 0) {
  throw new Error(`Unknown: ${unknown.join(", ")}. There are ${suites.map(({ tool }) => tool).join(", ")}.`);
}

const results = await runAll(suites.filter(isWanted));
const rows = new Map(results.map((result) => [result.suite.tool, rowOf(result)]));
if (values.check === true) await compare(rows);
else
  await writeRows(
    rows,
    suites.map(({ tool }) => tool),
  );

function isWanted({ tool, quick }: Suite): boolean {
  return positionals.length > 0 ? positionals.includes(tool) : values.check !== true || quick;
}

/** One after the other: they share the machine with the node that they measure. */
async function runAll(wanted: readonly Suite[]): Promise<Result[]> {
  const servers = await startServers();
  const results: Result[] = [];
  try {
    for (const suite of wanted) {
      const startMs = Date.now();
      const result = await runSuite(suite, servers.env);
      results.push(result);
      const works = result.checks.filter(({ ok }) => ok).length;
      const seconds = Math.round((Date.now() - startMs) / 1000);
      console.log(`${suite.tool}: ${works} of ${result.checks.length} checks work (${seconds} s)`);
      for (const { check, ok, detail } of result.checks) if (!ok) console.log(`  ${check}: ${detail}`);
      if (result.failure !== undefined) console.log(`  ${result.failure}`);
    }
  } finally {
    await servers.stop();
  }
  return results;
}

/** Fails when a row is not the one that stands in the page. */
async function compare(rows: ReadonlyMap<string, string>): Promise<void> {
  const written = await rowsInPage();
  const different = [...rows].filter(([tool, row]) => written.get(tool) !== row);
  for (const [tool, row] of different) console.error(`${tool} differs from docs/clients.md:\n  ${row}`);
  process.exitCode = different.length === 0 ? 0 : 1;
}
