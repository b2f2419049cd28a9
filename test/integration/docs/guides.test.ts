import { expect, test } from "vitest";
import { followGuide } from "../../support/guide.ts";
import { findProgram } from "../../support/programs/index.ts";
import { describeWith } from "../../support/programs/missing.ts";

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

describeWith("nginx", findProgram("nginx", "STUNTDOUBLE_NGINX"), "docs/adding-a-gateway.md", () => {
  test(
    "what it adds, word for word, passes its own tests with a real nginx",
    async () => {
      await follow("docs/adding-a-gateway.md");
      expect.hasAssertions();
    },
    patienceMs,
  );
});
