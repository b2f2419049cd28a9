import { expect, test } from "vitest";
import { countPlace, maxPlaces, otherPlaces, placeOf, readPlace } from "../../../../src/core/experiments/places.ts";

const place = { kind: "cut", stage: "storm", rule: "all", model: 'a"b' };

test("a place is read as it was written", () => {
  expect(readPlace(placeOf(place))).toEqual(place);
});

test("beyond so many places all others count as one, and those that are known go on", () => {
  const counts: Record<string, number> = {};
  for (let n = 0; n < maxPlaces + 50; n += 1) countPlace(counts, placeOf({ ...place, model: `m${n}` }), 1);
  countPlace(counts, placeOf({ ...place, model: "m0" }), 1);
  expect(Object.keys(counts)).toHaveLength(maxPlaces + 1);
  expect([counts[otherPlaces], counts[placeOf({ ...place, model: "m0" })]]).toEqual([50, 2]);
  expect(readPlace(otherPlaces).kind).toBe("_other");
});

test("of a model only the beginning is kept", () => {
  expect(readPlace(placeOf({ ...place, model: "x".repeat(65_536) })).model).toHaveLength(200);
});
