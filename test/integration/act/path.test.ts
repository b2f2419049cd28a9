import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

test("who follows a call opens no more files than agreed", () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["bench/run.ts", "path"], { encoding: "utf8" });
  expect(stdout + stderr).toContain("on the path of a call, ext_proc");
  expect(status, stdout).toBe(0);
});
