import * as fc from "fast-check";
import { expect, test } from "vitest";
import { rfc3339 } from "../../../../src/core/wire/rfc3339.ts";

test.each([
  [0, "1970-01-01T00:00:00Z"],
  [1, "1970-01-01T00:00:01Z"],
  [Date.UTC(2024, 1, 29, 23, 59, 59), "2024-02-29T23:59:59Z"],
  [Date.UTC(2100, 1, 28, 23, 59, 59) + 1, "2100-03-01T00:00:00Z"],
])("%i is %s", (atMs, text) => {
  expect(rfc3339(atMs)).toBe(text);
});

test("whole seconds of four thousand years are as the platform writes them", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Date.UTC(5970, 0) / 1000 }), (seconds) => {
      expect(rfc3339(seconds * 1000)).toBe(new Date(seconds * 1000).toISOString().replace(".000Z", "Z"));
    }),
  );
});
