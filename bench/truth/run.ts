/** `npm run bench:truth [-- NAME …]`: measures how true the simulation and what is said of it are, and exits with 1 when a goal is missed. */
import type { Figure } from "../lib.ts";
import { cost } from "./cost.ts";
import { curves, llmperf } from "./fitting.ts";
import { recordings } from "./recordings.ts";
import { roundTrip } from "./round-trip.ts";
import { traces } from "./traces.ts";
import { verdict } from "./verdict.ts";

const parts: Record<string, () => Promise<readonly Figure[]>> = {
  "round-trip": roundTrip,
  verdict,
  llmperf,
  curves,
  traces,
  recordings,
  cost,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(parts, name));
if (unknown.length > 0)
  throw new Error(`no such part: ${unknown.join(", ")}; there are ${Object.keys(parts).join(", ")}`);

const figures: Figure[] = [];
for (const name of wanted.length > 0 ? wanted : Object.keys(parts)) figures.push(...(await parts[name]!()));

console.log("\n| measure | figure | goal | |");
console.log("| --- | --- | --- | --- |");
for (const { what, got, goal, met } of figures) console.log(`| ${what} | ${got} | ${goal} | ${met ? "ok" : "MISS"} |`);
process.exitCode = figures.every(({ met }) => met) ? 0 : 1;
