import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { loadProfile } from "../../../src/config/profiles.ts";
import { runIn } from "../../support/io.ts";
import {
  askMany,
  learnedFrom,
  openBreaker,
  recordsOf,
  standInAgainst,
  startLearningNode,
  startTimedProvider,
} from "../../support/records/dying-provider.ts";
import type { NodeOptions } from "../../support/node.ts";

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "learned-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function start(learning: object = {}, options: NodeOptions = {}) {
  const provider = await startTimedProvider();
  onTestFinished(() => provider.stop());
  const node = await startLearningNode(provider.url, learning, options);
  onTestFinished(async () => void (await node.stop()));
  return { provider, node };
}

test("a provider that dies is replaced by one with its timing", async () => {
  const { provider, node } = await start();
  await askMany(node, 200);
  expect(await learnedFrom(node, 200)).toMatchObject({ upstream: "house", model: "house-model", isEnough: true });
  await provider.stop();
  await openBreaker(node);
  await askMany(node, 100);
  const outcomes = await node.outcomes(302);
  const stoodIn = outcomes.filter(({ standIn }) => standIn);
  expect(stoodIn.length).toBe(102);
  expect(new Set(stoodIn.map(({ profile }) => profile))).toEqual(new Set(["learned-house-house-model"]));
  const { ttftMs, gapMs } = standInAgainst(await recordsOf(node));
  expect([ttftMs.result, gapMs.result]).not.toContain("differs");
  expect([ttftMs.calls.reference, ttftMs.calls.candidate]).toEqual([200, 100]);
});

test("until enough is learned, the shipped profile stands in", async () => {
  const { provider, node } = await start();
  await askMany(node, 10, 5);
  expect(await learnedFrom(node, 10)).toMatchObject({ streams: 10, isEnough: false });
  await provider.stop();
  await askMany(node, 1, 1);
  const [last] = await node.outcomes(11);
  expect([last?.standIn, last?.profile]).toEqual([true, "default"]);
});

test("all event loops learn, and all have what was learned", async () => {
  const { provider, node } = await start({ minCalls: 20 }, { workers: 2 });
  await askMany(node, 60);
  await learnedFrom(node, 60);
  await provider.stop();
  await askMany(node, 40);
  const stoodIn = (await node.outcomes(100)).filter(({ standIn }) => standIn);
  expect(stoodIn.length).toBe(40);
  expect(stoodIn.filter(({ profile }) => profile === "learned-house-house-model").length).toBe(40);
});

test("a restart keeps what was learned, in a file without a word of any call", async () => {
  const folder = await newFolder();
  const learning = { minCalls: 20, file: "learned.ndjson" };
  const { provider, node } = await start(learning, { folder });
  await askMany(node, 50);
  await node.stop();
  await provider.stop();
  const text = await readFile(path.join(folder, "learned.ndjson"), "utf8");
  expect(text.trim().split("\n").length).toBe(50);
  expect(text).not.toContain("Canary");
  const next = await startLearningNode(provider.url, learning, { folder });
  onTestFinished(async () => void (await next.stop()));
  expect(await learnedFrom(next, 50)).toMatchObject({ isEnough: true });
  await askMany(next, 3, 1);
  const outcomes = await next.outcomes(3);
  expect(outcomes.map(({ profile }) => profile)).toEqual(Array(3).fill("learned-house-house-model"));
});

test("a learned profile is saved as a file that a node can load", async () => {
  const { node } = await start({ minCalls: 20 });
  await askMany(node, 50);
  await learnedFrom(node, 50);
  const file = path.join(await newFolder(), "house.yaml");
  const at = ["--admin", node.adminUrl];
  const list = await runIn({}, ["profile", "learned", ...at]);
  expect(list.out).toMatch(/learned-house-house-model +house +house-model +50 +50 +\d+ +yes/);
  const saved = await runIn({}, ["profile", "learned", "learned-house-house-model", "-o", file, ...at]);
  expect([saved.code, saved.err]).toEqual([0, ""]);
  const { profile, errors } = await loadProfile(file);
  expect(errors).toEqual([]);
  expect(profile).toMatchObject({
    name: "house",
    models: ["house-model"],
    fit: { source: "calls to house", calls: 50 },
  });
  const none = await runIn({}, ["profile", "learned", "learned-house-other", "-o", `${file}.2.yaml`, ...at]);
  expect([none.code, none.err]).toEqual([1, expect.stringContaining("Nothing was learned under that name")]);
});

test("where nothing learns, nothing is listed", async () => {
  const { node } = await start();
  expect(await node.admin("/admin/v1/profiles/learned")).toEqual({ models: [] });
});
