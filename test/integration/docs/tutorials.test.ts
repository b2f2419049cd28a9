import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  isServer,
  plain,
  root,
  sectionOf,
  shapeOf,
  startTour,
  stepsOf,
  type Step,
  type Tour,
} from "../../support/docs/tour.ts";
import { findEnvoyProgram, findProgram } from "../../support/programs/index.ts";
import { describeWith } from "../../support/programs/missing.ts";

const patienceMs = 170_000;

/** Follows the steps of a page to its end, each with what is shown below it. */
function follow(steps: readonly Step[], programs: Readonly<Record<string, string>> = {}): void {
  let tour: Tour;
  beforeAll(async () => {
    tour = await startTour(["8000", "8080", "8081", "9000", "9001"], programs);
  });
  afterAll(async () => {
    await tour.stop();
  }, patienceMs);

  const titled = steps.map(
    ({ script, shown }, index) => [index + 1, script.split("\n").at(-2), script, shown] as const,
  );
  test.each(titled)("step %i: %s", { timeout: patienceMs }, async (_step, _title, script, shown) => {
    const output = await tour.follow(script);
    // What a gateway says at its start is its own.
    if (shown === undefined) expect(isServer(script) ? "" : output).toBe("");
    else expect(plain(output)).toMatch(shapeOf(shown));
  });
}

function stepsIn(page: string, ...sections: readonly string[]): Step[] {
  if (sections.length === 0) return stepsOf(readFileSync(path.join(root, page), "utf8"));
  return sections.flatMap((title) => stepsOf(sectionOf(page, title)));
}

describe("the tutorial on chaos", () => {
  follow(stepsIn("docs/tutorials/chaos.md"));
});

describe("the tutorial on shadow", () => {
  follow(stepsIn("docs/tutorials/shadow.md"));
});

const staging = "docs/tutorials/staging.md";
const [together, haproxySection, envoySection, calls] = [
  "1. A provider and a stand-in",
  "2. HAProxy",
  "3. Or Envoy",
  "4. The switch",
] as const;

describeWith(
  "the tutorial on staging, with HAProxy",
  findProgram("haproxy", "STUNTDOUBLE_HAPROXY"),
  "HAProxy",
  (haproxy) => {
    follow(stepsIn(staging, together, haproxySection, calls), { haproxy });
  },
);

describeWith("the tutorial on staging, with Envoy", findEnvoyProgram(), "Envoy", (envoy) => {
  follow(stepsIn(staging, together, envoySection, calls), { envoy });
});
