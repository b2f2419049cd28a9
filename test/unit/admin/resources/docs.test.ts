import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { resources } from "../../../../src/admin/resources/index.ts";

const page = readFileSync(new URL("../../../../docs/operations.md", import.meta.url), "utf8");
const paths = new Set(resources.flatMap(({ routes }) => routes.map(({ path }) => path)));

test.each([...paths])("docs/operations.md names %s", (path) => {
  expect(page).toContain(`${path.replace(":id", "ID")}\``);
});

test("no two questions have one name", () => {
  const names = resources.flatMap(({ questions = [] }) => questions.map(({ name }) => name));
  expect(names).toEqual([...new Set(names)]);
});
