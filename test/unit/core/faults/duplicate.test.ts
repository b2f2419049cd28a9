import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { bendPlan } from "../../../../src/core/faults/index.ts";
import { prepareWith } from "../../../../src/core/faults/engine/prepare.ts";
import { context, stream } from "./support.ts";
import { duplicate } from "./duplicate.ts";

test("the example fault of the docs sends the event after the point twice", () => {
  const fired: string[] = [];
  const { frames } = bendPlan(stream, [prepareWith(duplicate, { afterTokens: 2 })], context(fired));
  const third = stream.frames[3]!;
  expect(frames).toEqual([...stream.frames.slice(0, 4), { ...third, tokens: 0 }, ...stream.frames.slice(4)]);
  expect(fired).toEqual(["duplicate"]);
});

test("the docs show the example fault as it is tested here", () => {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
  const shown = read("./duplicate.ts")
    .replaceAll("../../../../src/core/faults/", "./")
    .replaceAll("../../../../src/core/", "../");
  expect(read("../../../../docs/adding-a-fault.md")).toContain(`\`\`\`ts\n${shown}\`\`\``);
});
