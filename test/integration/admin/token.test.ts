import { createHash } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { until } from "../../support/node.ts";
import { startProgram, type Program } from "../../support/programs/program.ts";

let program: Program;
afterEach(() => program.stop());

const statusOf = async (path: string, token?: string): Promise<number> => {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(program.adminUrl + path, { headers });
  await response.arrayBuffer();
  return response.status;
};
const sha256 = (token: string): string => createHash("sha256").update(token).digest("hex");

test("without a token in the configuration everyone is let in", async () => {
  program = await startProgram({});
  expect([await statusOf("/metrics"), await statusOf("/admin/v1/config")]).toEqual([200, 200]);
});

test("a token from the environment is asked for, and stands in no response and no log line", async () => {
  program = await startProgram({ admin: { tokenEnv: "ADMIN_TOKEN" } }, { ADMIN_TOKEN: "secret-of-the-admin" });
  expect([await statusOf("/admin/v1/config"), await statusOf("/metrics", "guess")]).toEqual([401, 401]);
  expect([await statusOf("/healthz"), await statusOf("/readyz")]).toEqual([200, 200]);
  const response = await fetch(`${program.adminUrl}/admin/v1/config`, {
    headers: { authorization: "Bearer secret-of-the-admin" },
  });
  expect(response.status).toBe(200);
  expect((await response.text()) + program.logLines().join("\n")).not.toContain("secret-of-the-admin");
});

test("a changed token takes effect with the configuration, without a restart", async () => {
  program = await startProgram({ admin: { tokenSha256: sha256("first") } });
  expect([await statusOf("/metrics", "first"), await statusOf("/metrics", "second")]).toEqual([200, 401]);
  await program.write({ admin: { tokenSha256: sha256("second") } });
  await until("the new token", async () => ((await statusOf("/metrics", "second")) === 200 ? true : undefined));
  expect(await statusOf("/metrics", "first")).toBe(401);
  expect(program.logLines().join("\n")).not.toContain("after a restart");
});
