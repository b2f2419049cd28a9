import { expect, test } from "vitest";
import { followGuide } from "../../support/guide.ts";

test.each(["docs/adding-a-matcher.md"])(
  "%s works word for word: what it adds passes its own checks and tests",
  async (page) => {
    const guide = await followGuide(page);
    try {
      expect(guide.commands.length).toBeGreaterThan(0);
      for (const command of guide.commands) await guide.run(command);
    } finally {
      await guide.remove();
    }
  },
  180_000,
);
