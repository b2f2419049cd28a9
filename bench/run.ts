/** `npm run bench [-- NAME …] [--costs FILE] [--seconds NUMBER]`: measures, prints each figure beside its goal, and exits with 1 when one is missed. */
import { parseArgs } from "node:util";
import { contention } from "./contention.ts";
import { writeCosts } from "./costs.ts";
import { abandoned, flushing, forwardedJson, idleConnections, simulatedJson, streams } from "./figures.ts";
import { dialects } from "./dialects.ts";
import { experiments } from "./experiments.ts";
import { extProc } from "./ext-proc.ts";
import { fleet } from "./fleet.ts";
import { killSwitch } from "./kill-switch.ts";
import type { Figure } from "./lib.ts";
import { nodes } from "./nodes.ts";
import { overload } from "./overload.ts";
import { path } from "./path.ts";
import { soak } from "./soak.ts";
import { tracing } from "./tracing.ts";
import { viewer } from "./viewer.ts";

const parts: Record<string, () => Promise<Figure[]>> = {
  json: simulatedJson,
  forward: forwardedJson,
  flush: flushing,
  streams,
  idle: idleConnections,
  abandoned,
  dialects,
  experiments,
  contention,
  "kill-switch": killSwitch,
  overload,
  path,
  nodes,
  fleet,
  tracing,
  "ext-proc": extProc,
  soak,
  viewer: () => viewer(Number(values.seconds)),
};
/** The soak takes ten minutes, tracing is off as a rule, path measures no time, ext-proc needs Envoy, nodes HAProxy, fleet Redis and viewer Chromium: they run only when they are named. */
const named = new Set(["soak", "ext-proc", "path", "nodes", "fleet", "tracing", "viewer"]);
const usual = Object.keys(parts).filter((name) => !named.has(name));

const { values, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { costs: { type: "string" }, seconds: { type: "string", default: "60" } },
});
const unknown = wanted.filter((name) => !(name in parts));
if (unknown.length > 0)
  throw new Error(`no such benchmark: ${unknown.join(", ")}; there are ${Object.keys(parts).join(", ")}`);

const figures: Figure[] = [];
for (const name of wanted.length > 0 ? wanted : usual) figures.push(...(await parts[name]!()));

const width = Math.max(...figures.map(({ what }) => what.length));
console.log();
for (const { what, got, goal, met } of figures)
  console.log(`${met ? "ok  " : "MISS"}  ${what.padEnd(width)}  ${got}  (goal ${goal})`);
if (values.costs !== undefined) await writeCosts(values.costs);
process.exitCode = figures.every(({ met }) => met) ? 0 : 1;
