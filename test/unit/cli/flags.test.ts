import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** The flags for Node that stand before the program, or at the end of a line without it. */
function flagsIn(command: string): string[] {
  return command.replace(/src\/main\.ts.*/s, "").match(/--[\w=-]+/g) ?? [];
}

test("every way to start the program gives Node the same flags", () => {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
  const [ownLine = ""] = readFileSync("src/main.ts", "utf8").split("\n", 1);
  const [entrypoint = ""] = /^ENTRYPOINT .*$/m.exec(readFileSync("docker/Dockerfile", "utf8")) ?? [];
  const flags = ["--max-semi-space-size=4"];
  expect(flagsIn(scripts["start"]!)).toEqual(flags);
  expect(flagsIn(scripts["stuntdouble"]!)).toEqual(flags);
  expect(flagsIn(ownLine)).toEqual(flags);
  expect(flagsIn(entrypoint)).toEqual(flags);
});
