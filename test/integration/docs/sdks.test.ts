import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { blocksOf, root, startTour, type Tour } from "../../support/docs/tour.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { findProgram } from "../../support/programs/index.ts";

const blocks = blocksOf(readFileSync(path.join(root, "docs/recipes/sdks.md"), "utf8"));
const packageOf = (text: string): string =>
  /(?:from |import )"?([@\w/-]+)/.exec(text.replace(/import .* from/, "from"))?.[1] ?? "";
const programs = (language: string): (readonly [string, string])[] =>
  blocks.filter((block) => block.language === language).map(({ text }) => [packageOf(text), text] as const);

/** A Python that has the clients. */
function pythonWithClients(): string | undefined {
  const python = findProgram("python3", "STUNTDOUBLE_PYTHON");
  const modules = "import openai, anthropic, google.genai, ollama, groq, mistralai";
  return python !== undefined && spawnSync(python, ["-c", modules]).status === 0 ? python : undefined;
}

let tour: Tour;
beforeAll(async () => {
  tour = await startTour(["8080", "8081"]);
  await tour.follow("npm start");
}, 120_000);
afterAll(async () => {
  await tour.stop();
});

describe("the recipe for JavaScript", () => {
  test.each(programs("js").slice(0, -1))("with %s prints a text", async (_package, text) => {
    const printed = await tour.run(process.execPath, ["--input-type=module", "--eval", tour.moved(text)]);
    expect(printed).toMatch(/^[A-Z][^\n{}]{10,}\n$/);
  });

  test("with a fault for one request prints what the client makes of it", async () => {
    const [, text = ""] = programs("js").at(-1) ?? [];
    const printed = await tour.run(process.execPath, ["--input-type=module", "--eval", tour.moved(text)]);
    expect(printed).toBe("429 rate_limit_exceeded\n");
  });
});

describeWith("Python clients", pythonWithClients(), "the recipe for Python", (python) => {
  test.each(programs("python"))("with %s prints a text", async (_package, text) => {
    const printed = await tour.run(python, ["-c", tour.moved(text)]);
    expect(printed).toMatch(/^[A-Z][^{}]{10,}\n$/);
  });
});
