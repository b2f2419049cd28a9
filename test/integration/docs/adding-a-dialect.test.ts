import { expect, test } from "vitest";
import { followGuide } from "../../support/guide.ts";

test("what docs/adding-a-dialect.md adds, word for word, passes its own tests", async () => {
  const guide = await followGuide("docs/adding-a-dialect.md");
  try {
    expect(guide.commands.length).toBeGreaterThan(3);
    for (const command of guide.commands) await guide.run(command);
    const schema = await guide.run("cat schema/stuntdouble.schema.json");
    expect(schema).toContain('"acme"');
    expect(schema).toContain('"parrot"');
  } finally {
    await guide.remove();
  }
}, 180_000);
