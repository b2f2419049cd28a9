/** `npm run bench:truth [-- NAME …]`: measures how true the simulation and what is said of it are, and exits with 1 when a goal is missed. */
import { measureLearned } from "./learned.ts";
import { isMet, measureVerdict } from "./verdict.ts";

const parts: Record<string, () => Promise<boolean>> = { verdict, learned };

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(parts, name));
if (unknown.length > 0)
  throw new Error(`no such part: ${unknown.join(", ")}; there are ${Object.keys(parts).join(", ")}`);

let isGood = true;
for (const name of wanted.length > 0 ? wanted : Object.keys(parts)) isGood = (await parts[name]!()) && isGood;
process.exitCode = isGood ? 0 : 1;

/** Prints how often a shifted profile is called different, and an equal one. */
async function verdict(): Promise<boolean> {
  const rows = await measureVerdict();
  console.log("| simulated side | runs | calls each | differs | match | not enough data | goal | |");
  console.log("|---|---|---|---|---|---|---|---|");
  for (const row of rows) {
    const { what, runs, calls, results, goal } = row;
    const wanted = goal?.atLeast === undefined ? goal?.atMost : goal.atLeast;
    const sign = goal?.atLeast === undefined ? "≤" : "≥";
    const text = wanted === undefined ? "none" : `differs ${sign} ${wanted * 100} %`;
    const counts = [results.differs, results.match, results["not enough data"]].map(
      (count) => `${(100 * count) / runs} %`,
    );
    console.log(`| ${[what, runs, calls, ...counts, text, isMet(row) ? "ok" : "MISS"].join(" | ")} |`);
  }
  return rows.every(isMet);
}

/** Prints what the stand-in of a provider that died was like, beside the provider. */
async function learned(): Promise<boolean> {
  const { calls, isTrue, ...compared } = await measureLearned();
  console.log(`\nA stand-in that learned, ${calls} calls on each side:\n`);
  console.log("| measure | verdict | p50 provider | p50 stand-in | p95 provider | p95 stand-in | KS |");
  console.log("|---|---|---|---|---|---|---|");
  for (const [measure, { result, gates, ks }] of Object.entries(compared)) {
    const figures = gates.flatMap(({ reference, candidate }) => [reference.toFixed(1), candidate.toFixed(1)]);
    console.log(`| ${[measure, result, ...figures, ks.toFixed(3)].join(" | ")} |`);
  }
  return isTrue;
}
