import { appendFile, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { runAt, runIn } from "../../support/io.ts";

test("schema prints a JSON Schema that refuses unknown keys", async () => {
  const { code, out } = await runIn({}, ["schema"]);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    type: "object",
    additionalProperties: false,
    properties: { listen: { type: "object" } },
  });
});

test("--check is content with what --write wrote, and names each file that differs", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "stuntdouble-"));
  const missing = await runAt(folder, ["schema", "--check"]);
  expect((await runAt(folder, ["schema", "--write"])).code).toBe(0);
  const same = await runAt(folder, ["schema", "--check"]);
  await appendFile(path.join(folder, "docs/configuration.md"), "\nedited\n");
  const edited = await runAt(folder, ["schema", "--check"]);
  expect([missing.code, same.code, edited.code]).toEqual([1, 0, 1]);
  expect(missing.err.trim().split("\n")).toHaveLength(3);
  expect(edited.err).toMatch(/^docs\/configuration\.md: not up to date/);
});
