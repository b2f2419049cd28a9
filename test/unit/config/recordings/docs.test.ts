import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { loadText } from "../../../../src/config/load.ts";
import { parseRecording } from "../../../../src/core/recordings/lines.ts";
import { runAt } from "../../../support/io.ts";
import { makeFolder } from "../../../support/recordings/folder.ts";

const page = readFileSync(path.join(import.meta.dirname, "../../../../docs/recordings.md"), "utf8");
const textsIn = (language: string): string[] =>
  [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, name, text = ""]) => (name === language ? [text] : []));
const [example = ""] = textsIn("json");

function folderWithExample(): string {
  const { dir } = makeFolder();
  mkdirSync(path.join(dir, "recordings"));
  writeFileSync(path.join(dir, "recordings", "20261127T143012.123Z-1f0c9a2e.ndjson"), example);
  return dir;
}

describe("docs/recordings.md", () => {
  test("shows a file as it is read", () => {
    expect(parseRecording("a.ndjson", example)).toMatchObject({
      ending: "finish",
      pieces: [{ atMs: 313.1 }, { atMs: 338.9 }],
    });
  });

  test.each(textsIn("yaml"))("shows a configuration without errors and warnings: %s", async (text) => {
    const loaded = await loadText(text, { env: {}, generation: 1, folder: folderWithExample() });
    expect([loaded.ok, loaded.warnings]).toEqual([true, []]);
  });

  test("shows commands that work, in their order", async () => {
    const dir = folderWithExample();
    const commands = textsIn("sh").flatMap((text) => text.trim().split("\n"));
    expect(commands.length).toBe(5);
    for (const command of commands) {
      const [, ...args] = command.split(" ");
      if (args[1] === "export") writeFileSync(path.join(dir, "recordings", "a.ndjson"), example);
      expect([command, (await runAt(dir, args)).code]).toEqual([command, 0]);
    }
  });
});
