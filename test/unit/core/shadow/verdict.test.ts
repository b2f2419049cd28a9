import { describe, expect, test } from "vitest";
import type { TrafficRecord } from "../../../../src/core/records/types.ts";
import { defaultGates } from "../../../../src/core/shadow/gates.ts";
import { judge } from "../../../../src/core/shadow/judge.ts";
import { pairsIn, setsOf } from "../../../../src/core/shadow/observed.ts";
import { verdictOf, type Verdict } from "../../../../src/core/shadow/verdict.ts";
import { anyMirrored, mirroredRecord } from "../../../support/records/mirrored.ts";

const verdict = (records: readonly TrafficRecord[]): Verdict => verdictOf(pairsIn(records), { gates: defaultGates });
const slow = { simulated: { ttftMs: 500, gapMs: 25 } };

test("a simulation that is slower differs, in the measures that are", () => {
  const { result, strata } = verdict(anyMirrored(400, slow));
  expect(result).toBe("differs");
  const { ttftMs, gapMs, totalMs, outputTokens } = strata[0]!.measures;
  expect([ttftMs, gapMs, totalMs, outputTokens].map((found) => found?.result)).toEqual([
    "differs",
    "differs",
    "differs",
    "match",
  ]);
});

test("a simulation that is the same is never called different, and matches with calls enough", () => {
  expect(verdict(anyMirrored(4000, { real: { spread: 0.2 }, simulated: { spread: 0.2 } })).result).toBe("match");
});

test("the same calls give the same verdict", () => {
  expect(verdict(anyMirrored(100))).toEqual(verdict(anyMirrored(100)));
});

test("a verdict is plain data, as JSON carries it", () => {
  const found = verdict(anyMirrored(50, slow));
  expect(JSON.parse(JSON.stringify(found))).toEqual(found);
});

test("without calls there is not enough data", () => {
  expect(verdict([])).toMatchObject({ result: "not enough data", calls: { compared: 0 }, strata: [] });
});

describe("only pairs that ended well are compared; left out are, by class,", () => {
  const { mirror } = mirroredRecord();
  test.each([
    ["not mirrored", { mirror: undefined, profile: undefined }],
    ["not mirrored", { mirror: undefined, mode: "simulated" }],
    ["fault", { faults: ["delay"] }],
    ["stand-in", { standIn: true, mode: "simulated" }],
    ["overridden", { overridden: true }],
    ["failed", { status: 503 }],
    ["failed", { ending: "cut" }],
    ["failed", { ending: "client-gone", status: 499 }],
    ["failed", { mirror: undefined }],
    ["mirror failed", { mirror: { ...mirror!, status: 500 } }],
    ["mirror failed", { mirror: { ...mirror!, ending: "cut" } }],
  ] as const satisfies readonly (readonly [string, Partial<TrafficRecord>])[])("%s: %j", (found, changes) => {
    const { calls } = verdict([mirroredRecord(), mirroredRecord(changes)]);
    expect(calls).toEqual({ compared: 1, leftOut: { [found]: 1 } });
  });
});

test("the provider is the reference, also where the simulation was served and the provider mirrored", () => {
  const timing = { ttftMs: 1, totalMs: 2, outputTokens: 3, gapsMs: [1] };
  const served = mirroredRecord({ mode: "simulated", mirror: { ...timing, from: "upstream", name: "openai" } });
  const { reference, candidate } = pairsIn([served]);
  expect([reference[0]!.source, reference[0]!.timing.ttftMs]).toEqual(["openai", 1]);
  expect([candidate[0]!.source, candidate[0]!.timing.ttftMs]).toEqual(["fast", 100]);
});

test("calls are compared with those of their model, form, prompt, load, upstream and profile", () => {
  const { mirror } = mirroredRecord();
  const others: readonly Partial<TrafficRecord>[] = [
    {},
    { model: "gpt-5" },
    { stream: false },
    { promptTokens: 1000 },
    { promptTokens: undefined },
    { inFlight: 2 },
    { upstream: "azure" },
    { mirror: { ...mirror!, name: "slow" } },
  ];
  const { strata } = verdict(others.flatMap((each) => [mirroredRecord(each), mirroredRecord(each)]));
  expect(strata.map(({ calls }) => calls)).toEqual(others.map(() => 2));
});

test("a stratum with less than 5 % of the calls is shown and does not decide", () => {
  const few = anyMirrored(20, slow).map((record) => ({ ...record, model: "rare" }));
  const { strata, result } = verdict([...anyMirrored(500, { simulated: { ttftMs: 500 } }), ...few]);
  expect(strata.map(({ model, decides }) => [model, decides])).toEqual([
    ["gpt-4o", true],
    ["rare", false],
  ]);
  expect(result).toBe("differs");
});

test("more calls are needed in proportion where only some of them are of the stratum that is open", () => {
  const records = anyMirrored(400).map((record, at) => (at % 4 === 0 ? { ...record, model: "rare" } : record));
  const { moreCalls = 0, strata } = verdict(records);
  const rare = strata.find(({ model }) => model === "rare")!;
  expect(moreCalls).toBeGreaterThan(3.5 * rare.moreCalls!);
});

test("no more than 40 strata are compared, and the rest is counted", () => {
  const { strata, others } = verdict(Array.from({ length: 100 }, (_, at) => mirroredRecord({ model: `m${at}` })));
  expect([strata.length, others]).toEqual([40, { strata: 60, calls: 60 }]);
});

test("what is 0 in all calls is not compared: a response in one piece has no gaps", () => {
  const timing = { totalMs: 10, outputTokens: 0, gapsMs: [] };
  const piece = mirroredRecord({ stream: false, actual: timing, mirror: { ...timing, from: "simulator", name: "f" } });
  expect(Object.keys(verdict([piece, piece]).strata[0]!.measures)).toEqual(["totalMs"]);
});

test("gaps are shown by their position in the stream", () => {
  const timing = { ttftMs: 1, totalMs: 100, outputTokens: 6, gapsMs: [10, 20, 20, 50, 50] };
  const { gaps } = verdict([mirroredRecord({ actual: timing })]).strata[0]!;
  expect(gaps.map(({ from, below, reference }) => [from, below, reference.n, reference.p50])).toEqual([
    [1, 2, 1, 10],
    [2, 4, 2, 20],
    [4, 8, 2, 50],
  ]);
});

test("two sets of calls are compared as they were served, whatever their number", () => {
  const [fast, slower] = [anyMirrored(300, { seed: 1 }), anyMirrored(500, { seed: 2, real: { ttftMs: 600 } })];
  const { result, isPaired, strata } = verdictOf(setsOf(slower, fast), { gates: defaultGates, measures: ["ttftMs"] });
  expect([result, isPaired, strata[0]!.calls]).toEqual(["differs", false, 300]);
  expect(strata[0]!.measures.ttftMs!.gates[0]!.ratio).toBeGreaterThan(1.3);
});

test("what is asked for as text is judged the same", () => {
  const records = anyMirrored(60);
  expect(judge({ records, gate: "p50=5%,p95=10%" })).toEqual(verdict(records));
});
