import { mkdtemp, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { storeAddress } from "../../../../src/config/store/address.ts";
import { StoreError, type StoreTree } from "../../../../src/config/store/types.ts";
import { StoreSource } from "../../../../src/node/store/source.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";

const tree = (text: string, version = "1"): StoreTree => ({
  version,
  files: new Map([["stuntdouble.yaml", new TextEncoder().encode(text)]]),
});
const makeFolder = async (): Promise<string> => await mkdtemp(path.join(tmpdir(), "stuntdouble-"));
const turn = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** A source over a store that answers each plain question in turn, and the last answer from then on. */
function sourceOf(answers: (StoreTree | Error)[], copyFolder: string) {
  const clock = createFakeClock();
  const lines: string[] = [];
  const note = (_: object, message: string): void => void lines.push(message);
  let isClosed = false;
  const source = new StoreSource({
    address: storeAddress("consul://consul.example.com/app/", {}),
    store: {
      async read(after, signal) {
        if (after !== undefined)
          return await new Promise<never>((_, reject) => {
            signal.addEventListener("abort", () => reject(new Error("aborted")));
          });
        const answer = answers.length > 1 ? answers.shift() : answers[0];
        if (answer instanceof Error) throw answer;
        return answer!;
      },
      close: async () => void (isClosed = true),
    },
    env: {},
    overrides: { port: undefined, adminPort: undefined, extProc: undefined },
    outputFolder: "/work",
    copyFolder,
    clock,
    wallClockMs: () => 1_000,
    random: () => 0,
  });
  const follow = () =>
    source.follow({
      log: { info: note, warn: note, error: note, outcome: () => undefined },
      reload: async () => {
        const loaded = await source.load(2);
        if (loaded.ok) await source.nowInForce();
        return loaded.ok ? { ok: true, generation: 2 } : loaded;
      },
    });
  /** Loads while time passes as it must. */
  const load = async () => {
    const end = new AbortController();
    const loading = source.load(1).finally(() => end.abort());
    for (; !end.signal.aborted; await turn()) clock.advance(50);
    return await loading;
  };
  return { source, follow, load, lines, isClosed: () => isClosed };
}

test("a first load that fails for a moment is repeated", async () => {
  const { load } = sourceOf([new StoreError("it responds 500"), tree("seed: 7")], await makeFolder());
  expect(await load()).toMatchObject({ ok: true, settings: { generation: 1, config: { seed: 7 } } });
});

test("a store that is bad at the start gives way to the copy, and says why", async () => {
  const folder = await makeFolder();
  const before = sourceOf([tree("seed: 7")], folder);
  await before.load();
  await before.follow();
  await before.source.stop();
  expect(await readdir(folder)).toHaveLength(1);

  const { source, load, follow, lines } = sourceOf([tree("sead: 8", "2")], folder);
  expect(await load()).toMatchObject({ ok: true, settings: { config: { seed: 7 } } });
  await follow();
  expect(source.state()).toMatchObject({
    from: "consul",
    at: "consul://consul.example.com:8500/app/stuntdouble.yaml",
    version: "1",
    copy: true,
    reachable: true,
    error: expect.stringMatching(/stuntdouble\.yaml:1:1 sead/),
  });
  expect(lines).toContain("the last good copy of the configuration is in force, because the store could not be used");
  await source.stop();
});

test("a copy of another place is not taken", async () => {
  const folder = await makeFolder();
  const { load } = sourceOf([new StoreError("it responds 403: no", false)], folder);
  expect(await load()).toEqual({
    ok: false,
    errors: ["consul://consul.example.com:8500/app/stuntdouble.yaml: cannot be read: it responds 403: no"],
  });
});

test("a copy that is damaged is told beside why it was needed", async () => {
  const folder = await makeFolder();
  const before = sourceOf([tree("seed: 7")], folder);
  await before.load();
  await before.follow();
  await before.source.stop();
  const [name] = await readdir(folder);
  await writeFile(path.join(folder, name!), '{"url":');
  const { load } = sourceOf([new StoreError("gone", false)], folder);
  const loaded = await load();
  expect(loaded.ok ? [] : loaded.errors).toEqual([
    expect.stringMatching(/cannot be read: gone/),
    expect.stringMatching(/^The last good copy: .*\.json is damaged$/),
  ]);
});

test("where no copy can be kept, the node says so and runs on", async () => {
  const file = path.join(await makeFolder(), "file");
  await writeFile(file, "");
  const { source, load, follow, lines } = sourceOf([tree("seed: 7")], path.join(file, "folder"));
  expect((await load()).ok).toBe(true);
  await follow();
  expect(lines).toEqual(["no copy of the configuration is kept; without the store this node cannot start again"]);
  await source.stop();
});

test("a stop ends the question that waits, and the connections", async () => {
  const { source, load, follow, isClosed } = sourceOf([tree("seed: 7")], await makeFolder());
  await load();
  await follow();
  await source.stop();
  expect(isClosed()).toBe(true);
});
