import { mkdir, mkdtemp, rename, symlink, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { watchFile } from "../../../src/config/watch.ts";

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** A timer that runs when told, so that a burst ends where the test says. */
function manualWake() {
  let pending: (() => void) | undefined;
  return {
    wake: (_delayMs: number, task: () => void) => {
      pending = task;
      return () => {
        if (pending === task) pending = undefined;
      };
    },
    hasPending: () => pending !== undefined,
    settle() {
      const task = pending;
      pending = undefined;
      task?.();
    },
  };
}

async function watched(prepare: (folder: string, file: string) => Promise<void>) {
  const folder = await mkdtemp(path.join(tmpdir(), "stuntdouble-"));
  const file = path.join(folder, "stuntdouble.yaml");
  await prepare(folder, file);
  const changed = vi.fn<() => void>();
  const timer = manualWake();
  const stop = watchFile(file, { wake: timer.wake, settleMs: 100, changed });
  stops.push(stop);
  const settled = async () => {
    await vi.waitFor(() => expect(timer.hasPending()).toBe(true), { timeout: 5000, interval: 5 });
    timer.settle();
  };
  return { folder, file, changed, timer, settled, stop };
}

const written = async (_folder: string, file: string) => await writeFile(file, "seed: 1\n");

test("a burst of writes is one change", async () => {
  const { file, changed, settled } = await watched(written);
  await writeFile(file, "seed: 2\n");
  await writeFile(file, "seed: 33\n");
  await settled();
  expect(changed).toHaveBeenCalledTimes(1);
});

test("a file that another one replaces has changed", async () => {
  const { folder, file, changed, settled } = await watched(written);
  await writeFile(path.join(folder, "new"), "seed: 1\n");
  await rename(path.join(folder, "new"), file);
  await settled();
  expect(changed).toHaveBeenCalledTimes(1);
});

test("a link that is swapped, as Kubernetes does, is a change", async () => {
  const { folder, changed, settled } = await watched(async (folder, file) => {
    for (const [version, text] of [
      ["v1", "seed: 1\n"],
      ["v2", "seed: 2\n"],
    ] as const) {
      await mkdir(path.join(folder, version));
      await writeFile(path.join(folder, version, "stuntdouble.yaml"), text);
    }
    await symlink("v1", path.join(folder, "..data"));
    await symlink("..data/stuntdouble.yaml", file);
  });
  await symlink("v2", path.join(folder, "..new"));
  await rename(path.join(folder, "..new"), path.join(folder, "..data"));
  await settled();
  expect(changed).toHaveBeenCalledTimes(1);
});

test("what happens to another file of the folder is no change", async () => {
  const { folder, changed, settled } = await watched(written);
  await writeFile(path.join(folder, "other.log"), "line\n");
  await settled();
  expect(changed).not.toHaveBeenCalled();
});

test("a file that is removed has changed", async () => {
  const { file, changed, settled } = await watched(written);
  await unlink(file);
  await settled();
  expect(changed).toHaveBeenCalledTimes(1);
});

test("stopping forgets a change that has not settled", async () => {
  const { file, changed, timer, stop } = await watched(written);
  await writeFile(file, "seed: 2\n");
  await vi.waitFor(() => expect(timer.hasPending()).toBe(true), { timeout: 5000, interval: 5 });
  stop();
  expect(timer.hasPending()).toBe(false);
  expect(changed).not.toHaveBeenCalled();
});
