/** Writes `docs/reference/cli.md` from what `--help` says; with `--check` it only tells whether the page is up to date. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { commands } from "../../src/cli/index.ts";

const page = path.join(import.meta.dirname, "../reference/cli.md");

/** The page of all commands, each with its help. */
function document(): string {
  const sections = commands.map(({ name, usage }) => `## \`${name}\`\n\n\`\`\`text\n${usage.trimEnd()}\n\`\`\`\n`);
  return `# Options of each command

What \`stuntdouble COMMAND --help\` says. How commands are run, the exit codes and the request file of \`explain\` are on the page of the
[command line](../command-line.md).

${sections.join("\n")}`;
}

if (process.argv.includes("--write")) {
  mkdirSync(path.dirname(page), { recursive: true });
  writeFileSync(page, document());
} else if (readFileSync(page, "utf8") !== document()) {
  process.stderr.write("docs/reference/cli.md: not up to date; run: npm run schema\n");
  process.exitCode = 1;
}
