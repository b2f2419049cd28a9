import { writeFile } from "node:fs/promises";
import { cpus, release } from "node:os";
import { stringify } from "yaml";
import { costsSchema } from "../src/config/capacity/costs.ts";

const noted: Record<string, number> = {};

/** Keeps a figure for the file of `--costs`. */
export function noteCost(name: keyof typeof costsSchema.shape, value: number): void {
  noted[name] = value;
}

/** What no part of the benchmark measures. */
const unmeasured = { pauseMs: 2 };

/**
 * Writes what `stuntdouble plan capacity --costs` reads.
 *
 * @throws when a part that it needs did not run
 */
export async function writeCosts(file: string): Promise<void> {
  const day = new Date().toISOString().slice(0, 10);
  const cores = cpus();
  const machine = `${cores.length} cores of ${cores[0]?.model ?? "unknown"}, Linux ${release()}, Node ${process.versions.node}`;
  const costs = { machine, measured: day, ...unmeasured, ...noted };
  const { data, error } = costsSchema.safeParse(costs);
  if (error !== undefined)
    throw new Error(
      `${file} needs the parts json, streams and contention: ${error.issues.map(({ path }) => path.join(".")).join(", ")} missing`,
    );
  await writeFile(file, stringify(data));
  console.log(`The costs are in ${file}`);
}
