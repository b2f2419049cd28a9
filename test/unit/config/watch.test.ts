import { watch } from "node:fs";
import { appendFile, mkdir, mkdtemp, rename, symlink, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { createReadFiles } from "../../../src/config/files/identity.ts";
import { createFileWatch } from "../../../src/config/files/watch.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

const settleMs = 100;
const maxSettleMs = 1000;
const compareMs = 2000;

function readNow(files: readonly string[]) {
  const read = createReadFiles();
  for (const file of files) read.note(file);
  return read.list();
}

/** A watch on a clock that the test moves, so that a burst ends where the test says; the file system is real. */
async function watched(prepare: (folder: string) => Promise<unknown>, name = "stuntdouble.yaml") {
  const folder = await mkdtemp(path.join(tmpdir(), "stuntdouble-"));
  const file = path.join(folder, name);
  await prepare(folder);
  const changed = vi.fn<() => void>();
  const clock = createFakeClock();
  let touches = 0;
  const wake = (delayMs: number, task: () => void): (() => void) => {
    if (delayMs <= settleMs) touches += 1;
    return clock.wake(delayMs, task);
  };
  const fileWatch = createFileWatch({ clock: { ...clock, wake }, settleMs, maxSettleMs, compareMs, changed });
  stops.push(fileWatch.stop);
  fileWatch.watch(readNow([file]));
  const inFolder = (...names: string[]): string => path.join(folder, ...names);
  /** Waits until the system has told of something that concerns the files. */
  const touched = async (moreThan = 0): Promise<number> => {
    await vi.waitFor(() => expect(touches).toBeGreaterThan(moreThan), { timeout: 5000, interval: 5 });
    return touches;
  };
  const settled = async (): Promise<void> => {
    await touched();
    clock.advance(settleMs);
  };
  return { file, inFolder, changed, clock, touched, settled, fileWatch, touches: () => touches };
}

const written = async (folder: string) => await writeFile(path.join(folder, "stuntdouble.yaml"), "seed: 1\n");

/** Two versions of a configuration in folders, and a link to the first. */
async function versions(folder: string, link = "current") {
  for (const version of ["v1", "v2"]) {
    await mkdir(path.join(folder, version));
    await writeFile(path.join(folder, version, "stuntdouble.yaml"), `name: ${version}\n`);
  }
  await symlink("v1", path.join(folder, link));
}

test("a burst of writes is one change", async () => {
  const { file, changed, settled } = await watched(written);
  await writeFile(file, "seed: 2\n");
  await writeFile(file, "seed: 33\n");
  await settled();
  expect(changed).toHaveBeenCalledTimes(1);
});

test("a burst that does not end is a change when the ceiling is reached", async () => {
  const { file, changed, clock, touched } = await watched(written);
  let seen = 0;
  for (let passedMs = 0; passedMs < maxSettleMs; passedMs += settleMs / 2) {
    expect(changed).not.toHaveBeenCalled();
    await appendFile(file, "# line\n");
    seen = await touched(seen);
    clock.advance(settleMs / 2);
  }
  expect(changed).toHaveBeenCalledTimes(1);
});

test("what happens to another file of the folder does not put a change off", async () => {
  const { file, inFolder, changed, clock, settled, touched, touches } = await watched(written);
  const neighbour = vi.fn<(event: string, name: string | null) => void>();
  const ownWatch = watch(inFolder(), neighbour);
  await writeFile(file, "seed: 2\n");
  const seen = await touched();
  clock.advance(settleMs / 2);
  await appendFile(inFolder("other.log"), "line\n");
  await vi.waitFor(() => expect(neighbour).toHaveBeenCalledWith(expect.anything(), "other.log"));
  ownWatch.close();
  expect(touches()).toBe(seen);
  await settled();
  expect(changed).toHaveBeenCalledTimes(1);
});

test("a file that another one replaces has changed", async () => {
  const { file, inFolder, changed, settled } = await watched(written);
  await writeFile(inFolder("new"), "seed: 1\n");
  await rename(inFolder("new"), file);
  await settled();
  expect(changed).toHaveBeenCalledTimes(1);
});

test("a link that is swapped, as Kubernetes does, is a change", async () => {
  const { inFolder, changed, settled } = await watched(async (folder) => {
    await versions(folder, "..data");
    await symlink("..data/stuntdouble.yaml", path.join(folder, "stuntdouble.yaml"));
  });
  await symlink("v2", inFolder("..new"));
  await rename(inFolder("..new"), inFolder("..data"));
  await settled();
  expect(changed).toHaveBeenCalledTimes(1);
});

test("a linked folder on the path that is swapped is a change, each time", async () => {
  const { inFolder, changed, clock, touched } = await watched(versions, "current/stuntdouble.yaml");
  let seen = 0;
  for (const version of ["v2", "v1", "v2"]) {
    await symlink(version, inFolder("next"));
    await rename(inFolder("next"), inFolder("current"));
    seen = await touched(seen);
    clock.advance(settleMs);
  }
  expect(changed).toHaveBeenCalledTimes(3);
});

test("the target of a link, in another folder, that is edited in place is a change", async () => {
  const { inFolder, changed, settled } = await watched(async (folder) => {
    await mkdir(path.join(folder, "etc"));
    await writeFile(path.join(folder, "etc/real.yaml"), "seed: 1\n");
    await symlink("etc/real.yaml", path.join(folder, "stuntdouble.yaml"));
  });
  await appendFile(inFolder("etc/real.yaml"), "# edited\n");
  await settled();
  expect(changed).toHaveBeenCalledTimes(1);
});

test("a folder that is renamed and replaced is watched again, each time", async () => {
  const make = async (folder: string, text: string): Promise<void> => {
    await mkdir(folder);
    await writeFile(path.join(folder, "stuntdouble.yaml"), text);
  };
  const { inFolder, changed, clock, touched } = await watched(
    (folder) => make(path.join(folder, "conf"), "seed: 1\n"),
    "conf/stuntdouble.yaml",
  );
  let seen = 0;
  for (const round of ["one", "two", "three"]) {
    await make(inFolder("next"), `name: ${round}\n`);
    await rename(inFolder("conf"), inFolder(`old-${round}`));
    await rename(inFolder("next"), inFolder("conf"));
    seen = await touched(seen);
    clock.advance(settleMs);
  }
  expect(changed).toHaveBeenCalledTimes(3);
  await appendFile(inFolder("conf/stuntdouble.yaml"), "# edited\n");
  await touched(seen);
  clock.advance(settleMs);
  expect(changed).toHaveBeenCalledTimes(4);
});

test("a change that the system tells nothing of is found when files are compared", async () => {
  const make = async (folder: string, text: string): Promise<void> => {
    await mkdir(path.join(folder, "inner"), { recursive: true });
    await writeFile(path.join(folder, "inner/stuntdouble.yaml"), text);
  };
  const { inFolder, changed, clock, touches } = await watched(
    (folder) => make(path.join(folder, "outer"), "seed: 1\n"),
    "outer/inner/stuntdouble.yaml",
  );
  await make(inFolder("next"), "seed: 2\n");
  await rename(inFolder("outer"), inFolder("old"));
  await rename(inFolder("next"), inFolder("outer"));
  expect(touches()).toBe(0);
  clock.advance(compareMs + settleMs);
  expect(changed).toHaveBeenCalledTimes(1);
});

test("a profile that is added to a folder is a change, and any other file is none", async () => {
  const { inFolder, changed, clock, settled } = await watched(
    (folder) => mkdir(path.join(folder, "profiles")),
    "profiles",
  );
  await writeFile(inFolder("profiles/notes.txt"), "nothing");
  clock.advance(compareMs + settleMs);
  expect(changed).not.toHaveBeenCalled();
  await writeFile(inFolder("profiles/mine.yaml"), "name: mine\n");
  await settled();
  expect(changed).toHaveBeenCalledTimes(1);
});

test("what was written after the files were read, and before they were watched, is a change", async () => {
  const { file, fileWatch, changed, settled } = await watched(written);
  const read = readNow([file]);
  await appendFile(file, "# meanwhile\n");
  fileWatch.watch(read);
  await settled();
  expect(changed).toHaveBeenCalledTimes(1);
});

test("what happens to another file of the folder is no change", async () => {
  const { inFolder, changed, clock } = await watched(written);
  await writeFile(inFolder("other.log"), "line\n");
  clock.advance(compareMs + settleMs);
  expect(changed).not.toHaveBeenCalled();
});

test("a file that is removed has changed", async () => {
  const { file, changed, settled } = await watched(written);
  await unlink(file);
  await settled();
  expect(changed).toHaveBeenCalledTimes(1);
});

test("stopping forgets a change that has not settled, and sets no timer again", async () => {
  const { file, changed, clock, touched, fileWatch } = await watched(written);
  await writeFile(file, "seed: 2\n");
  await touched();
  fileWatch.stop();
  fileWatch.watch(readNow([file]));
  expect(clock.pending()).toBe(0);
  expect(changed).not.toHaveBeenCalled();
});
