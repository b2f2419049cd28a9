import { expect, test } from "vitest";
import { rfc3339, rfc3339Micros } from "../../../../../src/core/dialects/shared/timestamp.ts";

test.each([
  [0, "1970-01-01T00:00:00Z"],
  [1, "1970-01-01T00:00:01Z"],
  [Date.UTC(2024, 1, 29, 23, 59, 59), "2024-02-29T23:59:59Z"],
  [Date.UTC(2100, 1, 28, 23, 59, 59) + 1, "2100-03-01T00:00:00Z"],
])("%i is %s", (atMs, text) => {
  expect(rfc3339(atMs)).toBe(text);
});

test.each([
  ["2025-12-31T12:34:56.789Z", "2025-12-31T12:34:56.789000Z"],
  ["2000-02-29T23:59:59.999Z", "2000-02-29T23:59:59.999000Z"],
])("%s with microseconds is %s", (moment, text) => {
  expect(rfc3339Micros(Date.parse(moment))).toBe(text);
});

test("fractions of a millisecond are microseconds", () => {
  expect(rfc3339Micros(1_700_000_000_123.25)).toBe("2023-11-14T22:13:20.123250Z");
});
