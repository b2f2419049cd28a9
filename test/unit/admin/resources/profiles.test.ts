import { expect, test } from "vitest";
import { parse } from "yaml";
import { createAdmin } from "../../../../src/admin/server.ts";
import { anyMirrored } from "../../../support/records/mirrored.ts";
import { profileOf } from "../../../support/profile.ts";
import { profileText } from "../../../../src/config/sections/profile-text.ts";
import { createTestNode } from "../node-view.ts";

/** A node of two event loops with so many mirrored calls each. */
function setUp(calls: number) {
  const loops = [1, 2].map((seed) => ({ mirrored: anyMirrored(calls, { seed, real: { ttftMs: 300 } }) }));
  const all = [profileOf({ name: "default" }), profileOf({ name: "mine", models: ["gpt-9"] })];
  const node = createTestNode(loops, { profiles: { all: () => all, text: profileText } });
  return createAdmin(node, { tokenSha256: () => undefined, failed: () => undefined });
}

test("the profiles are listed", async () => {
  const { profiles } = (await setUp(0).inject("/admin/v1/profiles")).json<{ profiles: { name: string }[] }>();
  expect(profiles.map(({ name }) => name)).toEqual(["default", "mine"]);
});

test("one is previewed as a page; one that is not there is 404", async () => {
  const page = await setUp(0).inject("/admin/v1/profiles/preview?profile=mine");
  expect([page.statusCode, page.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
  expect(page.body).toContain("<h1>mine</h1>");
  expect((await setUp(0).inject("/admin/v1/profiles/preview?profile=other")).statusCode).toBe(404);
});

test("one is fitted to the real side of the calls of a model, of all event loops, as a file to download", async () => {
  const response = await setUp(100).inject("/admin/v1/profiles/fit?model=gpt-4o&name=ours");
  expect(response.headers["content-disposition"]).toBe('attachment; filename="ours.yaml"');
  expect(parse(response.body)).toMatchObject({ name: "ours", models: ["gpt-4o"], fit: { calls: 200 } });
});

test("with too few calls there is none, and the response says why", async () => {
  const response = await setUp(10).inject("/admin/v1/profiles/fit?model=gpt-4o");
  expect([response.statusCode, response.json<{ detail: string }>().detail]).toEqual([
    409,
    expect.stringMatching(/^There are not enough real calls of this model: .*20/),
  ]);
});

test.each([
  "/admin/v1/profiles/fit",
  "/admin/v1/profiles/fit?model=a&name=../a",
  "/admin/v1/profiles/fit?model=a&name=",
])("%s is refused", async (url) => {
  expect((await setUp(0).inject(url)).statusCode).toBe(400);
});

test("a name of a model that no file can have becomes one", async () => {
  const admin = setUp(0);
  expect((await admin.inject("/admin/v1/profiles/fit?model=a%2F..%2F%22b%0D%0A")).statusCode).toBe(409);
});
