import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createDashboard } from "../../../../src/admin/dashboard/index.ts";
import { problemTypes } from "../../../../src/admin/problem.ts";
import { resources } from "../../../../src/admin/resources/index.ts";
import { requests } from "../../../../src/admin/resources/requests.ts";
import { createRouteIndex } from "../../../../src/admin/route-index.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";
import { createTestNode } from "../node-view.ts";

const page = readFileSync(new URL("../../../../docs/admin-api.md", import.meta.url), "utf8");
const dashboard = createDashboard(createTestNode(), createFakeClock());
const offered = [...resources.flatMap(({ routes }) => routes), ...dashboard.routes];
const routes = createRouteIndex(offered, dashboard.overview);

test("docs/admin-api.md lists every path with its method and what it is for, and no other", () => {
  const rows = page.split("\n").filter((line) => /^\| `(?:GET|POST|PUT|DELETE) /.test(line));
  const expected = routes.map(
    ({ method, path, summary }) => `| \`${method} ${path.replace(":id", "ID")}\` | ${summary} |`,
  );
  expect(rows.toSorted()).toEqual(expected.toSorted());
});

test("docs/admin-api.md names every query parameter", () => {
  for (const { parameters = {} } of routes)
    for (const name of Object.keys(parameters)) expect(page).toContain(`\`${name}\``);
});

test("docs/admin-api.md says what is allowed for each parameter of the requests", () => {
  const parameters = requests.routes.find(({ path }) => path === "/admin/v1/requests")?.parameters ?? {};
  for (const [name, { allowed }] of Object.entries(parameters)) expect(page).toContain(`| \`${name}\` | ${allowed}`);
  expect(Object.keys(parameters)).toContain("id");
});

test("no two questions have one name", () => {
  const names = resources.flatMap(({ questions = [] }) => questions.map(({ name }) => name));
  expect(names).toEqual([...new Set(names)]);
});

test("docs/admin-api.md says what each type of problem means", () => {
  for (const [name, meaning] of Object.entries(problemTypes)) {
    const row = page.split("\n").find((line) => line.startsWith(`| \`${name}\` `));
    expect(row).toContain(meaning);
  }
});
