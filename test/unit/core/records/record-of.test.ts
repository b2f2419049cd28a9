import { expect, test } from "vitest";
import { parseRecord } from "../../../../src/core/records/parse.ts";
import { recordOf } from "../../../../src/core/records/record-of.ts";
import { outcome, timeline } from "../../emit/outcome.ts";

/** The record as a file has it. */
function written(changes: Parameters<typeof outcome>[0]): unknown {
  return JSON.parse(JSON.stringify(recordOf(outcome(changes))));
}

test("a record has the times of its tokens as gaps, to the microsecond", () => {
  expect(written({ actual: timeline(250.00049, 265.1236, 265.1236) })).toMatchObject({
    actual: { ttftMs: 250, totalMs: 265.124, outputTokens: 3, gapsMs: [15.123, 0] },
  });
});

test("a record has at most 1,000 gaps and all its tokens", () => {
  const { actual } = recordOf(outcome({ actual: timeline(...Array.from({ length: 3000 }, (_, index) => index)) }));
  expect([actual.gapsMs.length, actual.outputTokens]).toEqual([1000, 3000]);
});

test("what does not apply to a call is absent from its record", () => {
  expect(written({})).toEqual({
    time: 1_700_000_000_000,
    id: "req-1",
    model: "gpt-4o",
    dialect: "openai",
    operation: "chat",
    stream: true,
    rule: "default",
    mode: "simulated",
    profile: "gpt-4o",
    status: 200,
    ending: "finish",
    queueMs: 0,
    actual: { ttftMs: 250, totalMs: 280, outputTokens: 3, gapsMs: [15, 15] },
  });
});

test("the upstream's usage counts before what was counted here", () => {
  const usage = { promptTokens: 1200, cachedTokens: 1024, outputTokens: 40 };
  expect(written({ mode: "real", promptTokens: 1180, notes: { inFlight: 7, usage } })).toMatchObject({
    promptTokens: 1200,
    cachedTokens: 1024,
    inFlight: 7,
    actual: { outputTokens: 40, gapsMs: [15, 15] },
  });
});

test("the simulation beside a real response is the mirror of its record, and not what was planned of it", () => {
  const shadow = { real: timeline(250, 265), simulated: timeline(300, 310) };
  const record = written({ mode: "real", profile: "gpt-4o", shadow, planned: shadow.simulated });
  expect(record).toMatchObject({
    mirror: { from: "simulator", name: "gpt-4o", ttftMs: 300, totalMs: 310, outputTokens: 2, gapsMs: [10] },
  });
  expect(record).not.toHaveProperty("planned");
});

test("what was planned of a simulated response is in its record", () => {
  expect(written({ planned: timeline(200, 210) })).toMatchObject({ planned: { ttftMs: 200, gapsMs: [10] } });
});

test("a record that was written is read as the same", () => {
  const record = recordOf(
    outcome({
      keyName: "team-a",
      faults: ["delay"],
      experiments: ["storm"],
      standIn: true,
      attempt: 2,
      cause: "UPSTREAM_CONNECT",
      ending: "client-gone",
      planned: timeline(1, 2),
    }),
  );
  expect(parseRecord(JSON.stringify(record))).toEqual({ ok: true, record: JSON.parse(JSON.stringify(record)) });
});

test.for([
  ["", "is no JSON"],
  ['{"time":1', "is no JSON"],
  ["[]", "is no record: must be an object, not an array"],
  ["{}", "is no record: time: is required and must be a number"],
  ['{"time":1e300}', "is no record: time: must be at most 8640000000000000"],
])("a line that is no record is refused with its reason: %s", ([line, reason]) => {
  expect(parseRecord(line ?? "")).toMatchObject({ ok: false, reason });
});

test("a record with a gap below 0 is refused", () => {
  const record = { ...recordOf(outcome()), actual: { totalMs: 1, outputTokens: 2, gapsMs: [3, -1] } };
  expect(parseRecord(JSON.stringify(record))).toMatchObject({
    reason: "is no record: actual.gapsMs.1: must be at least 0",
  });
});
