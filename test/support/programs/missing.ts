import { describe } from "vitest";

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
