import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readLearned } from "../../../src/admin/resources/learned.ts";
import { settingsOf } from "../../../src/config/load.ts";
import type { LearnedModel } from "../../../src/core/learning/profile.ts";
import type { CallsOfModel } from "../../../src/core/learning/types.ts";
import { createLearning, type Learning } from "../../../src/node/learning.ts";
import { streamed } from "../core/learning/learned-calls.ts";
import { createFakeClock, type FakeClock } from "../../support/fake-clock.ts";
import { createReadableLog } from "./experiments/runner.ts";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "learning-"));
  file = path.join(folder, "learned.ndjson");
});
afterEach(() => rm(folder, { recursive: true }));

const learns = {
  upstreams: { openai: { url: "https://api.example.com" } },
  default: { serve: "forward", profile: { learn: "openai" } },
};

function callsOf(count: number, ttftMs = 100, model = "gpt-4o"): CallsOfModel {
  const calls = Array.from({ length: count }, (_, index) => streamed(1000 + index, ttftMs + index));
  return { upstream: "openai", model, calls };
}

/** What learns for a node whose event loops have noted what `given` holds. */
async function setUp({ config = learns, kept = true }: { config?: object; kept?: boolean } = {}) {
  const clock = createFakeClock();
  const { log, lines } = createReadableLog();
  const given: CallsOfModel[] = [];
  const sets: string[] = [];
  const learning = { minCalls: 50, ...(kept && { file: "learned.ndjson" }) };
  const settings = await settingsOf({ ...config, learning }, {}, folder);
  const learner = createLearning({
    clock,
    log,
    eventLoops: {
      // Only one question is asked.
      ask: async (question, ..._args) => question.merge([structuredClone(given.splice(0)) as never]),
      set: async (_, value) => void sets.push(typeof value === "string" ? value : ""),
    },
    settings: () => settings,
  });
  /** Lets time pass, and what falls due be done. */
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await settled(clock);
  };
  const models = (): readonly LearnedModel[] => readLearned(sets.at(-1) ?? "[]");
  return { learner, clock, lines, given, sets, pass, models };
}

async function settled(clock: FakeClock): Promise<void> {
  for (let turns = 0; turns < 50; turns += 1) {
    await turn();
    clock.advance(0);
  }
}

/** Ends one that waits for nothing but its file and turns of its clock. */
async function close({ learner, clock }: { learner: Learning; clock: FakeClock }): Promise<void> {
  const state = { isOver: false };
  const over = learner.close().then(() => (state.isOver = true));
  await until(clock, () => state.isOver);
  await over;
}

test("event loops are asked every ten seconds, and told what was learned", async () => {
  const { learner, given, pass, models, sets } = await setUp();
  learner.start();
  given.push(callsOf(60));
  await pass(9999);
  expect(sets).toEqual([]);
  await pass(1);
  expect(models()).toMatchObject([{ upstream: "openai", model: "gpt-4o", calls: 60, name: "learned-openai-gpt-4o" }]);
  expect(models()[0]?.profile).toBeDefined();
  given.push(callsOf(10, 100, "gpt-5"));
  await pass(10_000);
  expect(models().map(({ model, profile }) => [model, profile === undefined])).toEqual([
    ["gpt-4o", false],
    ["gpt-5", true],
  ]);
});

test("nothing is told where nothing new was noted", async () => {
  const { learner, given, pass, sets } = await setUp();
  learner.start();
  given.push(callsOf(60));
  await pass(10_000);
  await pass(10_000);
  expect(sets.length).toBe(1);
});

test("where no rule learns, no event loop is asked", async () => {
  const { learner, given, pass, sets } = await setUp({ config: { default: { serve: "simulate" } } });
  learner.start();
  given.push(callsOf(60));
  await pass(60_000);
  expect([given.length, sets]).toEqual([1, []]);
});

test("of a busy model the latest 1,000 calls are kept", async () => {
  const { learner, given, pass, models } = await setUp();
  learner.start();
  for (let round = 0; round < 5; round += 1) {
    given.push(callsOf(300, 1000 * round));
    await pass(10_000);
  }
  expect(models()[0]?.calls).toBe(1000);
});

test("what was learned is there after a restart, in a file that only its owner may read", async () => {
  const before = await setUp();
  before.learner.start();
  before.given.push(callsOf(60));
  await close(before);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(["learned.ndjson"]);
  const next = await setUp();
  const restored = next.learner.restore();
  await until(next.clock, () => next.sets.length > 0);
  await restored;
  expect(next.models()).toEqual(before.models());
  expect(next.lines).toEqual([]);
});

test("damaged lines of the file are a line in the log, and the others are read", async () => {
  const before = await setUp();
  before.given.push(callsOf(60));
  await close(before);
  const text = await readFile(file, "utf8");
  const foreign = [
    '{"upstream":"openai","model":"gpt-4o","time":1,"outputTokens":1,"gapsMs":["x"]}',
    "[]",
    "null",
    "{",
  ];
  await writeFile(file, [...foreign, text.slice(0, -20)].join("\n"));
  const next = await setUp();
  const restored = next.learner.restore();
  await until(next.clock, () => next.sets.length > 0);
  await restored;
  expect(next.models()[0]?.calls).toBe(59);
  expect(next.lines).toEqual([expect.stringMatching(/"skipped":5.*lines of learning.file are no calls/)]);
});

test("a file that cannot be read stays as it is, and the node learns without it", async () => {
  await mkdir(file);
  const { learner, clock, given, lines, models } = await setUp();
  await learner.restore();
  given.push(callsOf(60));
  await close({ learner, clock });
  expect((await stat(file)).isDirectory()).toBe(true);
  expect(models()[0]?.calls).toBe(60);
  expect(lines).toEqual([expect.stringContaining("could not read learning.file")]);
});

test("an upstream that no rule learns any more is not taken up from the file", async () => {
  const before = await setUp();
  before.given.push(callsOf(60), { ...callsOf(60), upstream: "former" });
  await close(before);
  const next = await setUp();
  const restored = next.learner.restore();
  await until(next.clock, () => next.sets.length > 0);
  await restored;
  expect(next.models().map(({ upstream }) => upstream)).toEqual(["openai"]);
});

test("without a file nothing is written", async () => {
  const { learner, clock, given } = await setUp({ kept: false });
  given.push(callsOf(60));
  await close({ learner, clock });
  expect(await readdir(folder)).toEqual([]);
});

async function until(clock: FakeClock, isThere: () => boolean): Promise<void> {
  while (!isThere()) await settled(clock);
}
