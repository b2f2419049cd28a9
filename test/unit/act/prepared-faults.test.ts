import { expect, test } from "vitest";
import { preparedFaults } from "../../../src/act/prepared-faults.ts";
import { StuntdoubleError } from "../../../src/core/errors.ts";

test("the faults of a decision are prepared in their order", () => {
  const faults = preparedFaults([
    { kind: "delay", ms: 10 },
    { kind: "cut", afterTokens: 3 },
  ]);
  expect(faults.map(({ kind }) => kind)).toEqual(["delay", "cut"]);
});

test("the same list of faults is prepared once", () => {
  const configs = [{ kind: "cut", afterTokens: 3 }];
  expect(preparedFaults(configs)).toBe(preparedFaults(configs));
  expect(preparedFaults([...configs])).not.toBe(preparedFaults(configs));
});

test("options that no check of the configuration has seen are refused each time", () => {
  const configs = [{ kind: "cut", afterTokens: -1 }];
  for (const attempt of [1, 2]) {
    let caught: unknown;
    try {
      preparedFaults(configs);
    } catch (error) {
      caught = error;
    }
    expect(caught, `attempt ${attempt}`).toBeInstanceOf(StuntdoubleError);
    expect(caught).toMatchObject({ code: "CONFIG_INVALID" });
  }
});
