import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

const shared = process.env["STUNTDOUBLE_SHARED"] ?? path.join(import.meta.dirname, "../../../shared");

/**
 * Reads measured data that are not kept in this repository.
 *
 * @param parts below `data` of the folder that STUNTDOUBLE_SHARED names, `../shared` without it
 * @returns undefined where they are not there, which is said
 */
export function sharedData(...parts: readonly string[]): string | undefined {
  const file = path.join(shared, "data", ...parts);
  if (existsSync(file)) return readFileSync(file, "utf8");
  console.log(
    `skipped: ${parts.join("/")} is not in ${path.join(shared, "data")}; STUNTDOUBLE_SHARED names the folder above`,
  );
  return undefined;
}
