import { accessSync, constants } from "node:fs";
import path from "node:path";
import { describe } from "vitest";

/** Finds a program: first by an environment variable, then in PATH. */
export function findProgram(name: string, variable: string): string | undefined {
  const given = process.env[variable];
  if (given !== undefined) return given;
  for (const folder of (process.env["PATH"] ?? "").split(path.delimiter)) {
    const file = path.join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      continue;
    }
  }
  return undefined;
}

/**
 * Describes tests that need a program. Where it is missing they are skipped, and the last line of the run says so; under
 * CI=true a missing one fails.
 */
export function describeWith<Found>(
  program: string,
  found: Found | undefined,
  title: string,
  body: (found: Found) => void,
): void {
  if (found !== undefined) {
    describe(title, () => body(found));
    return;
  }
  if (process.env["CI"] === "true") throw new Error(`${program} is missing, and under CI nothing may be skipped`);
  describe.skip(`${title} [missing: ${program}]`, () => body(undefined as Found));
}
