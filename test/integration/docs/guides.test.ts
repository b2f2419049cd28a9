import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { blocksOf, followGuide } from "../../support/guide.ts";

const patienceMs = 180_000;

/** Follows a guide in a copy of the repository, and runs what it says shall be run. */
async function follow(page: string): Promise<void> {
  const guide = await followGuide(page);
  try {
    expect(guide.commands.length).toBeGreaterThan(0);
    for (const command of guide.commands) await guide.run(command);
  } finally {
    await guide.remove();
  }
}

test.each(["docs/adding-a-matcher.md", "docs/adding-a-command.md"])(
  "what %s adds, word for word, passes its own tests",
  async (page) => {
    await follow(page);
    expect.hasAssertions();
  },
  patienceMs,
);

test("what docs/adding-a-gateway.md adds is what the repository has, word for word", () => {
  const blocks = blocksOf(readFileSync("docs/adding-a-gateway.md", "utf8"));
  const shown = blocks.flatMap(({ file, code }) => (file === undefined ? [] : [{ file, code }]));
  expect(shown.map(({ file }) => path.basename(file))).toEqual(["nginx.conf", "README.md", "nginx.test.ts"]);
  for (const { file, code } of shown) expect([file, readFileSync(file, "utf8")]).toEqual([file, code]);
});
