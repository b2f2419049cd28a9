import { expect, test } from "vitest";
import { settingsOf, type Settings } from "../../../src/config/load.ts";
import { createReloader, type LoadResult } from "../../../src/node/reload.ts";

const startedMs = 1_000;
const byFile = { from: "file" } as const;
const first = await settingsOf({ log: { level: "info" } }, {});

/** A reloader whose configurations the test gives, one after the other. */
function setUp(next: LoadResult[], apply: (settings: Settings) => Promise<void> = async () => undefined) {
  const lines: string[] = [];
  const note = (details: object, message: string): void =>
    void lines.push("path" in details ? `${String(details.path)}: ${message}` : message);
  const generations: number[] = [];
  let nowMs = startedMs;
  const options = {
    settings: first,
    log: { info: note, warn: note, error: note, outcome: () => undefined },
    wallClockMs: () => nowMs,
    load: async (generation: number): Promise<LoadResult> => {
      generations.push(generation);
      return next.shift() ?? { ok: false, errors: ["nothing left"] };
    },
  };
  const later = (ms: number): void => void (nowMs += ms);
  return { reloader: createReloader(options, apply), lines, generations, later };
}

const loaded = async (config: object, generation = 2): Promise<LoadResult> => ({
  ok: true,
  settings: { ...(await settingsOf(config, {})), generation },
});

test("a good configuration comes into force, and the tally says when", async () => {
  const { reloader, later, lines } = setUp([await loaded({ permits: { max: 5 } })]);
  later(500);
  expect(await reloader.reload(byFile)).toEqual({ ok: true, generation: 2 });
  expect(reloader.settings().config.permits.max).toBe(5);
  expect(reloader.tally()).toEqual({ success: 1, error: 0, lastOk: true, lastSuccessMs: startedMs + 500 });
  expect(lines).toEqual(["configuration in force"]);
});

test("a bad one changes nothing but the tally", async () => {
  const { reloader, later } = setUp([{ ok: false, errors: ["a.yaml:1:1 port: bad"] }]);
  later(500);
  expect(await reloader.reload(byFile)).toEqual({ ok: false, errors: ["a.yaml:1:1 port: bad"] });
  expect(reloader.settings()).toBe(first);
  expect(reloader.tally()).toEqual({ success: 0, error: 1, lastOk: false, lastSuccessMs: startedMs });
});

test("one that the event loops reject changes nothing, and the reason is the error", async () => {
  const { reloader } = setUp([await loaded({ admin: { tokenSha256: "a".repeat(64) } })], () =>
    Promise.reject(new Error("too many keys")),
  );
  expect(await reloader.reload(byFile)).toEqual({ ok: false, errors: ["too many keys"] });
  expect([reloader.settings(), reloader.adminToken()]).toEqual([first, undefined]);
});

test("the token of the admin API changes with the configuration", async () => {
  const { reloader } = setUp([await loaded({ admin: { tokenSha256: "a".repeat(64) } })]);
  await reloader.reload(byFile);
  expect(reloader.adminToken()).toBe("a".repeat(64));
});

test("what is bound to the start is named", async () => {
  const { reloader, lines } = setUp([
    await loaded({
      workers: 3,
      log: { level: "warn" },
      listen: { port: 1 },
      admin: { port: 2 },
      permits: { queue: 3 },
      extProc: {},
    }),
  ]);
  await reloader.reload(byFile);
  const fixed = ["listen", "admin.port", "extProc", "workers", "log", "permits.queue"];
  expect(lines.slice(0, -1)).toEqual(fixed.map((path) => `${path}: takes effect after a restart`));
});

test("an attempt waits for the one before, and counts on from what that put in force", async () => {
  const { reloader, generations } = setUp([await loaded({}), await loaded({}, 3)]);
  await Promise.all([reloader.reload(byFile), reloader.reload(byFile), reloader.reload(byFile)]);
  expect(generations).toEqual([2, 3, 4]);
});

test("a node without a file says so", async () => {
  const quiet = () => undefined;
  const log = { info: quiet, warn: quiet, error: quiet, outcome: quiet };
  const reloader = createReloader({ settings: first, log, wallClockMs: () => startedMs }, async () => undefined);
  const errors = ["The node was started without a configuration file."];
  expect(await reloader.reload(byFile)).toEqual({ ok: false, errors });
});

test("damaged files that are passed over are named in the log", async () => {
  const { reloader, lines } = setUp([{ ...(await loaded({})), damaged: ["a.ndjson:3:1 is not valid JSON"] }]);
  expect(await reloader.reload(byFile)).toMatchObject({ ok: true });
  expect(lines).toEqual(["files that are damaged are passed over", "configuration in force"]);
});
