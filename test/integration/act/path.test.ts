import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

test("who follows a call opens no more files than agreed", () => {
  const { status, stdout } = spawnSync(process.execPath, ["bench/run.ts", "path"], { encoding: "utf8" });
  const figures = stdout.split("\n").filter((line) => line.includes("on the path of a call"));
  expect(figures).toHaveLength(4);
  expect(figures.filter((line) => !line.startsWith("ok"))).toEqual([]);
  expect(status).toBe(0);
});
