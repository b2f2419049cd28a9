import { expect, test } from "vitest";
import { compileFaultDraws, drawFaults } from "../../../src/core/fault-draws.ts";
import type { Call, FaultConfig } from "../../../src/core/types.ts";
import { makeCall } from "../../support/call.ts";

const byId = ({ id }: Call): string => id;

/** What each fault of a rule does to a call. */
function drawn(faults: readonly FaultConfig[], id = "call-1", rule = "rule", seed = 1) {
  const draws = compileFaultDraws(rule, faults, byId);
  return draws === undefined ? undefined : drawFaults(draws, makeCall({ id }), seed);
}

test("faults without a percentage draw nothing", () => {
  expect(drawn([{ kind: "cut" }, { kind: "delay", ms: 5 }])).toBeUndefined();
});

test("those that act keep their order, and the percentage is not theirs any more", () => {
  const faults = [
    { kind: "delay", ms: 5, percentage: 100 },
    { kind: "hang", percentage: 0 },
    { kind: "cut", afterTokens: 3 },
  ];
  expect(drawn(faults)).toMatchObject({
    faults: [
      { kind: "delay", ms: 5 },
      { kind: "cut", afterTokens: 3 },
    ],
    faultDraws: [
      { kind: "delay", percentage: 100, acts: true },
      { kind: "hang", percentage: 0, acts: false },
    ],
  });
});

test("what acts is the same object for every call, so that it is prepared once", () => {
  const draws = compileFaultDraws("rule", [{ kind: "cut", percentage: 100 }], byId);
  const [one, other] = ["a", "b"].map((id) => draws && drawFaults(draws, makeCall({ id }), 1).faults[0]);
  expect(one).toBe(other);
});

test("a fault of another kind that is put in front changes no draw", () => {
  const cut = { kind: "cut", percentage: 50 };
  const alone = drawn([cut])?.faultDraws?.[0]?.draw;
  expect(drawn([{ kind: "delay", ms: 5, percentage: 50 }, cut])?.faultDraws?.[1]?.draw).toBe(alone);
});

test("two faults of one kind, two rules, two seeds and two calls draw differently", () => {
  const cut = { kind: "cut", percentage: 50 };
  const draws = [
    ...(drawn([cut, cut])?.faultDraws ?? []),
    ...(drawn([cut], "call-2")?.faultDraws ?? []),
    ...(drawn([cut], "call-1", "other")?.faultDraws ?? []),
    ...(drawn([cut], "call-1", "rule", 2)?.faultDraws ?? []),
  ].map(({ draw }) => draw);
  expect(new Set(draws).size).toBe(5);
});
