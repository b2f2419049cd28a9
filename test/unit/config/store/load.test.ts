import { expect, test } from "vitest";
import { digestOf, loadFromStore } from "../../../../src/config/store/load.ts";
import { formatErrors } from "../../../../src/config/load.ts";

const place = { main: "stuntdouble.yaml", folder: "consul://c:8500/app", isTree: true };
const bytes = (text: string) => new TextEncoder().encode(text);
const treeOf = (files: Readonly<Record<string, string>>) =>
  new Map(Object.entries(files).map(([name, text]) => [name, bytes(text)]));
const load = (files: Readonly<Record<string, string>>) =>
  loadFromStore(treeOf(files), place, { env: {}, generation: 1, outputFolder: "/var/lib/stuntdouble" });

const profile = `name: mine
ttftMs: { kind: constant, value: 0 }
itlMs: { kind: constant, value: 0 }
outputTokens: { kind: constant, value: 3 }
`;

test("profiles, replies and fixtures come from the same tree", async () => {
  const loaded = await load({
    "stuntdouble.yaml": `
profiles: profiles
fixtures: { aimock: fixtures }
default: { serve: simulate, profile: mine, reply: { file: replies/hello.txt } }`,
    "profiles/mine.yaml": profile,
    "replies/hello.txt": "Hello",
    "fixtures/a.json": `{ "fixtures": [] }`,
  });
  expect(loaded).toMatchObject({ ok: true, warnings: [], settings: { replyFiles: { "replies/hello.txt": "Hello" } } });
  expect(loaded.ok && loaded.settings.profiles[0]?.name).toBe("mine");
});

test("nothing of the tree is watched on the disk", async () => {
  const loaded = await load({ "stuntdouble.yaml": "profiles: profiles", "profiles/mine.yaml": profile });
  expect(loaded).toMatchObject({ ok: true, files: [] });
});

test("errors name the keys", async () => {
  const loaded = await load({ "stuntdouble.yaml": "profiles: profiles\nsead: 1", "profiles/mine.yaml": "name: mine" });
  const text = loaded.ok ? "" : formatErrors("consul://c:8500/app/stuntdouble.yaml", loaded.errors);
  expect(text).toMatch(/^consul:\/\/c:8500\/app\/stuntdouble\.yaml:2:1 sead: /m);
  expect(text).toMatch(/^consul:\/\/c:8500\/app\/profiles\/mine\.yaml:1:1 ttftMs: /m);
});

test("a folder that is missing from the tree is named by its URL", async () => {
  const loaded = await load({ "stuntdouble.yaml": "profiles: nowhere" });
  expect(loaded.ok ? [] : loaded.errors.map(({ message }) => message)).toEqual([
    "consul://c:8500/app/nowhere: no such folder",
  ]);
});

test("a key that nothing reads is a warning", async () => {
  const loaded = await load({ "stuntdouble.yaml": "{}", "profiles/mine.yaml": profile, "notes.md": "hello" });
  expect(loaded.ok && loaded.warnings.map(({ file, code }) => [file, code])).toEqual([
    ["consul://c:8500/app/profiles/mine.yaml", "unused-file"],
    ["consul://c:8500/app/notes.md", "unused-file"],
  ]);
});

test.each([
  [{}, true, /there is no such key, or the token may not read it$/],
  [{}, false, /or the token may not read it; where it is a tree, its path ends with \/$/],
  [{ "other.yaml": "{}" }, true, /there is no such key, only other\.yaml; file=NAME tells another main file/],
])("a main file that is missing from %j is told", async (files, isTree, message) => {
  const reading = { env: {}, generation: 1, outputFolder: "." };
  const loaded = await loadFromStore(treeOf(files), { ...place, isTree }, reading);
  expect(loaded.ok ? "" : loaded.errors[0]!.message).toMatch(message);
});

test("an empty value is no configuration", async () => {
  const loaded = await load({ "stuntdouble.yaml": "" });
  expect(loaded.ok ? "" : loaded.errors[0]!.code).toBe("empty");
});

test("what is written goes to the working folder", async () => {
  const loaded = await load({
    "stuntdouble.yaml":
      "records: { dir: records }\nchaos: { historyFile: runs.json }\nlearning: { file: /srv/l.jsonl }",
  });
  expect(loaded).toMatchObject({
    settings: {
      recordsDir: "/var/lib/stuntdouble/records",
      historyFile: "/var/lib/stuntdouble/runs.json",
      learningFile: "/srv/l.jsonl",
    },
  });
});

test("the hash of one key is that of its text; that of several changes with each of them", async () => {
  const hashOf = async (files: Readonly<Record<string, string>>) => {
    const loaded = await load(files);
    return loaded.ok ? loaded.settings.hash : undefined;
  };
  // printf '{}' | sha256sum
  expect(await hashOf({ "stuntdouble.yaml": "{}" })).toBe("44136fa355b3");
  const main = "profiles: profiles";
  const one = await hashOf({ "stuntdouble.yaml": main, "profiles/mine.yaml": profile });
  const other = await hashOf({ "stuntdouble.yaml": main, "profiles/mine.yaml": `${profile}# edited\n` });
  expect(one).toMatch(/^[0-9a-f]{12}$/);
  expect(one).not.toBe(other);
});

test("the digest of files does not depend on their order", () => {
  const [a, b] = [bytes("1"), bytes("2")];
  expect(
    digestOf(
      new Map([
        ["a", a],
        ["b", b],
      ]),
    ),
  ).toBe(
    digestOf(
      new Map([
        ["b", b],
        ["a", a],
      ]),
    ),
  );
});
