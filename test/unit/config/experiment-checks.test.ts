import { expect, test } from "vitest";
import { readExperiment } from "../../../src/config/experiment.ts";
import { loadText, settingsOf } from "../../../src/config/load.ts";

const outage = { name: "outage", percentage: 100, durationMs: 60_000, faults: [{ kind: "status", status: 503 }] };
const delayed = (ms: number) => ({ kind: "delay", ms });

/** Path and message of each error, in their order. */
async function errorsOf(experiment: unknown, config: object = {}): Promise<string[]> {
  const read = readExperiment(experiment, await settingsOf(config, {}));
  return read.ok ? [] : read.errors.map(({ path, message }) => `${path}: ${message}`);
}

const everyMistake = {
  name: "bad",
  match: { model: "claude-*" },
  percentage: 101,
  stages: [
    { name: "a", durationMs: 3_000_000, faults: [{ kind: "sttus", status: 503 }] },
    { name: "b", durationMs: 3_000_000, rampMs: 3_000_001, faults: [delayed(40_000), delayed(40_000)] },
  ],
};

const mistakes = [
  ["percentage", "must be at most 100"],
  ["durationMs", "is required and must be a number"],
  ["stages[0].faults[0].kind", 'must be one of the allowed values, not "sttus"'],
  ["stages", "last 6000000 ms together, but durationMs can be at most 3600000"],
  ["stages[1].rampMs", "must be at most the durationMs of the stage, 3000000"],
  ["stages[1].faults", "the delays add up to 80000 ms, but control.maxDelayMs allows 60000 ms for one call"],
  ["match.model", "fits none of `models`, and any other model gets 404"],
] as const;

test("every mistake of an experiment is in one answer", async () => {
  expect((await errorsOf(everyMistake, { models: ["gpt-4o"] })).toSorted()).toEqual(
    mistakes.map(([path, message]) => `${path}: ${message}`).toSorted(),
  );
});

test("an unknown kind of fault is told with those that there are", async () => {
  const read = readExperiment(everyMistake, await settingsOf({}, {}));
  const error = read.ok ? undefined : read.errors.find(({ path }) => path === "stages[0].faults[0].kind");
  expect(error).toMatchObject({ allowed: expect.arrayContaining(["status", "delay"]), nearest: "status" });
});

test("a stage is held against the whole where another member has an error", async () => {
  const stages = [{ name: "a", durationMs: 2000, faults: [{ kind: "status", status: 503 }] }];
  expect(await errorsOf({ name: "x", percentage: 0, durationMs: 1000, stages })).toEqual([
    "percentage: must be greater than 0",
    "stages: last 2000 ms together, but durationMs is 1000",
  ]);
});

test("a condition that no call meets is told beside one that there is not", async () => {
  const experiment = { ...outage, match: { model: "claude-*", modle: "x" } };
  expect((await errorsOf(experiment, { models: ["gpt-4o"] })).toSorted()).toEqual([
    "match.model: fits none of `models`, and any other model gets 404",
    "match.modle: unknown key",
  ]);
});

test.each([
  [{ ...outage, durationMs: "1m" }, ["durationMs: must be a number, not a string"]],
  [{ ...outage, faults: "status" }, ["faults: must be an array, not a string"]],
  [{ name: "x", percentage: 1, durationMs: 1000, stages: [5] }, ["stages[0]: must be an object, not the number 5"]],
  [{ ...outage, match: "all" }, ["match: must be an object, not a string"]],
  [{ ...outage, baselineMs: "long" }, ["baselineMs: must be a number, not a string"]],
  ["outage", [": must be an object, not a string"]],
])("what has the wrong type is told once: %j", async (experiment, errors) => {
  expect(await errorsOf(experiment)).toEqual(errors);
});

test("an experiment that was read is the same when it is read again", async () => {
  const settings = await settingsOf({}, {});
  const first = readExperiment(
    { ...outage, limits: { maxCalls: 5 }, guardrails: [{ metric: "errorRate", above: 5 }] },
    settings,
  );
  expect(first).toMatchObject({ ok: true });
  expect(first.ok && readExperiment(first.definition, settings)).toEqual(first);
});

const place = { folder: ".", env: {}, generation: 1 };

/** Line, path and message of each error or warning of a configuration. */
async function found(text: string, list: "errors" | "warnings"): Promise<string[]> {
  const loaded = await loadText(text, place);
  const findings = list === "warnings" ? loaded.warnings : loaded.ok ? [] : loaded.errors;
  return findings.map(({ line, path, message }) => `${line} ${path}: ${message}`);
}

test("the same mistakes are found in a configuration, each in its line", async () => {
  const text = `models: [gpt-4o]
experiments:
  - name: good
    percentage: 1
    durationMs: 1000
    faults: [{ kind: status, status: 503 }]
  - name: bad
    match: { model: claude-* }
    percentage: 1
    stages:
      - { name: a, durationMs: 3000000, faults: [{ kind: sttus }] }
      - name: b
        durationMs: 3000000
        faults: [{ kind: delay, ms: 70000 }]
  - name: good
    percentage: 1
    durationMs: 3600001
    faults: []
`;
  expect(await found(text, "errors")).toEqual([
    "7 experiments[1].durationMs: is required and must be a number",
    "8 experiments[1].match.model: fits none of `models`, and any other model gets 404",
    "10 experiments[1].stages: last 6000000 ms together, but durationMs can be at most 3600000",
    '11 experiments[1].stages[0].faults[0].kind: must be one of the allowed values, not "sttus"',
    "14 experiments[1].stages[1].faults: the delays add up to 70000 ms, but control.maxDelayMs allows 60000 ms for one call",
    '15 experiments[2].name: duplicate name: experiments[0] is also named "good"',
    "17 experiments[2].durationMs: must be at most chaos.maxDurationMs, which is 3600000",
    "18 experiments[2].faults: have no fault",
  ]);
});

test("autostart without experiments is a warning", async () => {
  const warning = "1 chaos.autostart: has no effect without experiments";
  expect(await found("chaos: { autostart: true }", "warnings")).toEqual([warning]);
});

test("autostart of more experiments than can run at once is an error", async () => {
  const experiments = Array.from({ length: 33 }, (_, index) => ({ ...outage, name: `outage-${index}` }));
  const text = (autostart: boolean) => JSON.stringify({ chaos: { autostart }, experiments });
  expect(await found(text(true), "errors")).toEqual([
    "1 chaos.autostart: starts 33 experiments, but at most 32 run at once",
  ]);
  expect(await found(text(false), "errors")).toEqual([]);
});
