import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

const folder = process.env["TRUTH_DATA"];

/**
 * Reads measured data that are not kept in this repository.
 *
 * @param parts below the folder that TRUTH_DATA names
 * @returns undefined where they are not there, which is said
 */
export function measuredData(...parts: readonly string[]): string | undefined {
  const name = parts.join("/");
  if (folder === undefined) {
    console.log(`skipped: TRUTH_DATA names no folder with ${name}; bench/README.md says where to get it`);
    return undefined;
  }
  const file = path.join(folder, ...parts);
  if (existsSync(file)) return readFileSync(file, "utf8");
  console.log(`skipped: ${name} is not in ${folder}; bench/README.md says where to get it`);
  return undefined;
}
