import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import {
  blocksOf,
  plain,
  root,
  sectionOf,
  shapeOf,
  startTour,
  stepsOf,
  type Step,
  type Tour,
} from "../../support/docs/tour.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { findProgram } from "../../support/programs/index.ts";

/** A Python that has the openai client. */
function pythonWithOpenai(): string | undefined {
  const python = findProgram("python3", "STUNTDOUBLE_PYTHON");
  if (python === undefined) return undefined;
  return spawnSync(python, ["-c", "import openai"]).status === 0 ? python : undefined;
}

const pageOf = (name: string): string => readFileSync(path.join(root, name), "utf8");
const titled = (steps: readonly Step[]): [number, string, string, string | undefined][] =>
  steps.map(({ script, shown }, index) => [index + 1, script.split("\n")[0] ?? "", script, shown]);

let tour: Tour;
beforeAll(async () => {
  tour = await startTour(["8080", "8081", "8090", "8091"]);
});

async function expectShown(script: string, shown: string | undefined): Promise<void> {
  const output = await tour.follow(script);
  if (shown === undefined) expect(output).toBe("");
  else expect(plain(output)).toMatch(shapeOf(shown));
}

describe("the README", () => {
  test.each(titled(stepsOf(sectionOf("README.md", "Try it"))))(
    "shows what step %i gives: %s",
    (_step, _title, script, shown) => expectShown(script, shown),
  );

  describe("its clients", () => {
    const section = sectionOf("README.md", "Point a client at it");
    const code = (language: string): string =>
      tour.moved(blocksOf(section).findLast((block) => block.language === language)!.text);

    test("JavaScript prints a response", async () => {
      const printed = await tour.run(process.execPath, ["--input-type=module", "--eval", code("js")]);
      expect(printed).toMatch(/^[A-Z][^\n{}]{20,}$/);
    });

    test("JavaScript needs no change with the two variables", async () => {
      const exported = code("sh");
      const script = code("js").replace(/new OpenAI\(.*\)/, "new OpenAI()");
      const printed = await tour.run("bash", ["-c", `${exported}\nexec node --input-type=module --eval "$SCRIPT"`], {
        SCRIPT: script,
      });
      expect(printed).toMatch(/^[A-Z][^\n{}]{20,}$/);
    });

    describeWith("Python openai client", pythonWithOpenai(), "Python", (python) => {
      test("prints a response", async () => {
        const printed = await tour.run(python, ["-c", code("python")]);
        expect(printed).toMatch(/^[A-Z][^\n{}]{20,}\n?$/);
      });
    });
  });

  test("fits on few screens", () => {
    expect(pageOf("README.md").split("\n").length).toBeLessThan(200);
  });
});

describe("the tour", () => {
  const [, ...later] = stepsOf(pageOf("docs/tour.md"));
  const steps = [...later, ...stepsOf(pageOf("docs/first-configuration.md"))];
  test.each(titled(steps))("shows what step %i gives: %s", (_step, _title, script, shown) =>
    expectShown(script, shown),
  );

  test("begins with the server that the README has started", () => {
    expect(stepsOf(pageOf("docs/tour.md"))[0]).toEqual(stepsOf(sectionOf("README.md", "Try it"))[0]);
  });
});

test("Ctrl-C stops every server of the tour with exit code 0", async () => {
  expect(await tour.stop()).toEqual([0, 0]);
});
