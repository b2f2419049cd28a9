/** `npm run chaos-self`: the product under its own faults, killed parts, floods and restarts; nothing lost that need not be. */
import { setTimeout as sleep } from "node:timers/promises";
import { startCallers, type Callers, type Loss } from "./callers.ts";
import { disturbances, settled, type Disturbance } from "./disturbances.ts";
import { startSite, type Site } from "./site.ts";

const minutes = Number(process.env["CHAOS_MINUTES"] ?? "10");
const callers = 16;
/** What a disturbance leaves behind shows itself by then. */
const aftermathMs = 2000;

/** What one kind of disturbance has cost so far. */
type Tally = { times: number; calls: number; lost: number; needless: Loss[] };

const site = await startSite();
const load = startCallers(site.url, callers);
const tallies = new Map<Disturbance, Tally>();
const endMs = performance.now() + minutes * 60_000;
while (performance.now() < endMs)
  for (const disturbance of disturbances) if (performance.now() < endMs) await disturb(site, load, disturbance);
await load.stop();
await settled(site);
const errors = site.sidecars.flatMap((sidecar) => sidecar.errors());
await site.stop();
report();

async function disturb(where: Site, { count, losses }: Callers, disturbance: Disturbance): Promise<void> {
  const before = { calls: count(), losses: losses().length };
  const deedMs = await disturbance.run(where);
  await sleep(aftermathMs);
  const lost = losses().slice(before.losses);
  const needless = lost.filter(({ beganMs }) => disturbance.mayLose === "none" || beganMs > deedMs);
  const tally = tallies.get(disturbance) ?? { times: 0, calls: 0, lost: 0, needless: [] };
  tallies.set(disturbance, tally);
  tally.times += 1;
  tally.calls += count() - before.calls;
  tally.lost += lost.length;
  tally.needless.push(...needless);
  console.log(
    `${disturbance.name}: ${count() - before.calls} calls, ${lost.length} lost, ${needless.length} needlessly`,
  );
  for (const [line, times] of countedBy(needless, ({ kind, why }) => `${kind}: ${why}`))
    console.log(`    ${times} x ${line}`);
}

function countedBy<Value>(values: readonly Value[], nameOf: (value: Value) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(nameOf(value), (counts.get(nameOf(value)) ?? 0) + 1);
  return counts;
}

function report(): void {
  let needless = 0;
  console.log(
    "\n| what was tried | times | calls meanwhile | lost | of these needlessly |\n| --- | --- | --- | --- | --- |",
  );
  for (const [{ name }, tally] of tallies) {
    console.log(`| ${name} | ${tally.times} | ${tally.calls} | ${tally.lost} | ${tally.needless.length} |`);
    needless += tally.needless.length;
  }
  const unexpected = errors.filter((line) => !line.includes("configuration is not valid"));
  console.log(`\nerrors in the logs but for the configurations that are not valid: ${unexpected.length}`);
  for (const line of unexpected.slice(0, 10)) console.log(`    ${line}`);
  process.exitCode = needless === 0 && unexpected.length === 0 ? 0 : 1;
}
