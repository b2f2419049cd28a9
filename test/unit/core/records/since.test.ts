import { expect, test } from "vitest";
import { sinceMs } from "../../../../src/core/records/since.ts";

const nowMs = Date.parse("2026-05-01T12:00:00Z");

test.for([
  ["1777636800000", 1_777_636_800_000],
  ["15m", nowMs - 900_000],
  ["1.5h", nowMs - 5_400_000],
  ["2d", nowMs - 172_800_000],
  ["2026-05-01T11:00:00Z", nowMs - 3_600_000],
  ["2026-05-01", nowMs - 43_200_000],
] as const)("%s is a time", ([text, timeMs]) => {
  expect(sinceMs(text, nowMs)).toBe(timeMs);
});

test.for(["", "yesterday", "-1h", "15 m", "2026-13-01"])("%j is none", (text) => {
  expect(sinceMs(text, nowMs)).toBeUndefined();
});
