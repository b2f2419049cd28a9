import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createConfigurationView } from "../../../../src/node/configuration/view.ts";
import { maxKeptChars } from "../../../../src/node/configuration/history.ts";
import { createLoad, createReloader } from "../../../../src/node/reload.ts";
import { runIn } from "../../../support/io.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "stuntdouble-view-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined, outcome: () => undefined };
const overrides = { port: undefined, adminPort: undefined, extProc: undefined };

/** A node's configuration as it is shown, read from a file that the test changes. */
async function setUp(first: string, env: Readonly<Record<string, string>> = {}) {
  const file = path.join(folder, `${crypto.randomUUID()}.yaml`);
  await writeFile(file, first);
  const load = createLoad({ file, env, overrides });
  const loaded = await load(1);
  if (!loaded.ok) throw new Error(loaded.errors.join("\n"));
  const options = { settings: loaded.settings, read: loaded.read, log: silent, wallClockMs: () => 5000, load, file };
  const reloader = createReloader(options, async () => undefined);
  const write = async (text: string): Promise<void> => {
    await writeFile(file, text);
    await reloader.reload({ from: "file" });
  };
  return { view: createConfigurationView(reloader), write, name: path.basename(file) };
}

test("until a second configuration is in force there is the text and no comparison", async () => {
  const { view } = await setUp("seed: 1\n");
  expect(view.texts()).toMatchObject({ text: "seed: 1\n", diff: undefined, last: undefined });
});

test("the last two configurations in force are compared, whatever was refused between", async () => {
  const { view, write } = await setUp("seed: 1\npermits: { max: 5 }\n");
  await write("seed: many\n");
  await write("seed: 2\npermits: { max: 5 }\n");
  const changed = view.texts().diff?.filter((line) => line !== undefined && line.kind !== "same");
  expect(changed?.map((line) => `${line?.kind} ${line?.text}`)).toEqual(["removed seed: 1", "added seed: 2"]);
});

test("each mistake of a refused configuration has its place, its line, and what is wrong", async () => {
  const { view, write, name } = await setUp("seed: 1\n");
  await write("seed: 1\npermits: { max: many }\n");
  const { last, text } = view.texts();
  expect(text).toBe("seed: 1\n");
  expect(last).toMatchObject({ ok: false, from: "file", atMs: 5000 });
  expect(last?.mistakes).toEqual([
    {
      place: `${name}:2:17`,
      message: "permits.max: must be a number, not a string.",
      text: "permits: { max: many }",
      column: 17,
      code: "wrong-type",
    },
  ]);
});

test("a rule that no call reaches is told with its line", async () => {
  const rules = `rules:
  - { name: all, match: {}, serve: simulate }
  - { name: late, match: { model: gpt-4o }, serve: simulate }
`;
  const { view } = await setUp(rules);
  expect(view.warnings()).toMatchObject([
    { code: "never-reached", text: expect.stringContaining("name: late") as string },
  ]);
});

test("no secret is shown: not in the text, not in the comparison, not in a mistake", async () => {
  const redis = (seed: string): string => `seed: ${seed}\nshared: { redis: { url: "redis://:hunter22@localhost" } }\n`;
  const { view, write } = await setUp(redis("1"));
  await write(redis("2"));
  await write(`shared: { redis: { url: "redis://:hunter22@localhost", port: 1 } }\n`);
  expect(view.texts().last?.ok).toBe(false);
  expect(JSON.stringify(view.texts())).not.toContain("hunter22");
});

test("a text that is too long to be shown is not kept", async () => {
  const { view } = await setUp(`seed: 1\n#${"x".repeat(maxKeptChars)}\n`);
  expect(view.texts()).toMatchObject({ text: undefined });
});

test("a request is explained in the very words of stuntdouble explain", async () => {
  const text = `rules:
  - { name: staging, match: { model: "gpt*", header: { x-env: staging } }, serve: simulate }
`;
  const { view } = await setUp(text);
  const body = JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "Hello" }] });
  const request = { method: "POST", path: "/v1/chat/completions", headers: { "x-env": "production" }, body };
  const files = { "s.yaml": text, "r.json": JSON.stringify(request) };
  const { out } = await runIn(files, ["explain", "--config", "s.yaml", "--request", "r.json"]);
  const explained = await view.explain({ ...request, headers: Object.entries(request.headers) });
  expect(explained).toBe(out);
  expect(explained).toContain("nearest miss: rule staging, 1 of 2 conditions hold before header x-env fails");
});
