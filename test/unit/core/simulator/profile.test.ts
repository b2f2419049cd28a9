import { describe, expect, test } from "vitest";
import { prepareProfile } from "../../../../src/core/simulator/profile.ts";
import { profileOf } from "../../../support/profile.ts";

const rows = [
  { inFlight: 10, ttft: 1, itl: 1 },
  { inFlight: 20, ttft: 3, itl: 2 },
];

describe("prepareProfile", () => {
  test("names the setting, the range and the value of an error", () => {
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
