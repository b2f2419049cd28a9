import { describe, expect, test } from "vitest";
import { loadAt, pickOutputTokens, prepareProfile } from "../../../../src/core/simulator/profile.ts";
import { createRng } from "../../../../src/core/rng.ts";
import { profileOf } from "../../../support/profile.ts";

const rows = [
  { inFlight: 10, ttft: 1, itl: 1 },
  { inFlight: 20, ttft: 3, itl: 2 },
  { inFlight: 40, ttft: 7, itl: 4 },
];

describe("loadAt", () => {
  test("gives each row at its own number of calls", () => {
    expect(loadAt(rows, 20)).toMatchObject({ ttft: 3, itl: 2 });
  });

  test("goes straight between two rows", () => {
    expect(loadAt(rows, 15)).toEqual({ ttft: 2, itl: 1.5 });
    expect(loadAt(rows, 30)).toEqual({ ttft: 5, itl: 3 });
  });

  test("holds the first row below it and the last row beyond it", () => {
    expect(loadAt(rows, 0)).toMatchObject({ ttft: 1, itl: 1 });
    expect(loadAt(rows, 4000)).toMatchObject({ ttft: 7, itl: 4 });
  });

  test("changes nothing for a profile without rows", () => {
    expect(loadAt([], 500)).toEqual({ ttft: 1, itl: 1 });
  });
});

describe("prepareProfile", () => {
  test("names the setting, the range and the value of a mistake", () => {
    const ttftMs = { kind: "lognormal", p50: 10, p99: 5 } as const;
    expect(() => prepareProfile(profileOf({ ttftMs }))).toThrow("ttftMs.p99 must be a number of at least 10, got 5");
  });

  test("refuses load rows that are out of order or repeat themselves", () => {
    expect(() => prepareProfile(profileOf({ load: [rows[1]!, rows[0]!] }))).toThrow(
      "load[1].inFlight must be larger than 20 of the row before, got 10",
    );
    expect(() => prepareProfile(profileOf({ load: [rows[0]!, rows[0]!] }))).toThrow(RangeError);
  });

  test("refuses a negative prefill", () => {
    const prefill = { freePromptTokens: 0, msPer1000Tokens: -1 };
    expect(() => prepareProfile(profileOf({ prefill }))).toThrow(
      "prefill.msPer1000Tokens must be a number of at least 0, got -1",
    );
  });
});

describe("pickOutputTokens", () => {
  test("gives whole numbers around the profile's mean", () => {
    const profile = prepareProfile(profileOf({ outputTokens: { kind: "uniform", min: 10, max: 20 } }));
    const rng = createRng(5);
    const drawn = Array.from({ length: 5000 }, () => pickOutputTokens(profile, rng));
    expect(drawn.every((tokens) => Number.isInteger(tokens) && tokens >= 10 && tokens <= 20)).toBe(true);
    expect(drawn.reduce((sum, tokens) => sum + tokens, 0) / 5000).toBeCloseTo(15, 0);
  });

  test("gives at least one token", () => {
    const profile = prepareProfile(profileOf({ outputTokens: { kind: "constant", value: 0 } }));
    expect(pickOutputTokens(profile, createRng(1))).toBe(1);
  });
});
