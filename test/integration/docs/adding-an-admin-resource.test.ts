import { afterAll, beforeAll, expect, test } from "vitest";
import { followGuide, type Followed } from "../../support/guide.ts";

let followed: Followed;
beforeAll(async () => void (followed = await followGuide("docs/adding-an-admin-resource.md")), 60_000);
afterAll(() => followed.remove());

test("an admin resource that is added word for word by its guide compiles", { timeout: 300_000 }, async () => {
  expect(await followed.run("tsc -p .")).toBe("");
});

test("its test passes, over two workers", { timeout: 300_000 }, async () => {
  expect(followed.commands).toHaveLength(1);
  for (const command of followed.commands) expect(await followed.run(command)).toMatch(/ 0 failed, 0 skipped/);
});
