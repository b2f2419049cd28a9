import { expect, test } from "vitest";
import { toRfc3339 } from "../../../../src/core/wire/rfc3339.ts";

test.each([
  "1970-01-01T00:00:00.000Z",
  "2000-02-29T23:59:59.999Z",
  "2025-12-31T12:34:56.789Z",
  "2100-03-01T00:00:00.001Z",
])("%s is written as the platform writes it, with more digits", (moment) => {
  expect(toRfc3339(Date.parse(moment))).toBe(moment.replace("Z", "000Z"));
});

test("every day of a century is written as the platform writes it", () => {
  const dayMs = 86_400_000;
  for (let ms = Date.UTC(1999, 11, 1); ms < Date.UTC(2100, 2, 2); ms += dayMs) {
    expect(toRfc3339(ms).slice(0, 19)).toBe(new Date(ms).toISOString().slice(0, 19));
  }
});

test("fractions of a millisecond are microseconds", () => {
  expect(toRfc3339(1_700_000_000_123.25)).toBe("2023-11-14T22:13:20.123250Z");
});
