import { existsSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";

/** Files of packages that no program loads. Licences stay, whatever their name ends in. */
const unused = /\.(?:map|md|markdown|ts|mts|cts|tsbuildinfo|flow|tgz)$|^(?:\.|Makefile|CHANGELOG|HISTORY|AUTHORS)/i;
const kept = /^(?:licen[cs]e|copying|notice)/i;
const unusedFolders = /^(?:\.github|\.vscode|tests?|__tests__|examples?|benchmarks?|bench|integration|man)$/;

/** What else is large: the other vocabularies of the tokenizer, and its second form. */
const large = ["gpt-tokenizer/cjs", "gpt-tokenizer/data", "gpt-tokenizer/src", "gpt-tokenizer/esm/fixtures"];
const otherVocabularies = ["cl100k_base", "p50k_base", "r50k_base"].map(
  (name) => `gpt-tokenizer/esm/bpeRanks/${name}.js`,
);

function prune(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const place = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      if (unusedFolders.test(entry.name)) rmSync(place, { recursive: true });
      else prune(place);
    } else if (unused.test(entry.name) && !kept.test(entry.name)) rmSync(place);
  }
}

const [folder] = process.argv.slice(2);
if (folder === undefined || !existsSync(folder)) {
  process.stderr.write("prune FOLDER: removes from a node_modules folder what no program loads\n");
  process.exit(2);
}
for (const name of [...large, ...otherVocabularies, ".bin", ".package-lock.json"])
  rmSync(path.join(folder, name), { recursive: true, force: true });
prune(folder);
