import { describe, expect, test } from "vitest";
import { decide, explain, type CompiledRule } from "../../../src/core/decide.ts";
import { compileMatch, type Match } from "../../../src/core/match.ts";
import type { Decision } from "../../../src/core/types.ts";
import { makeCall } from "../../support/call.ts";

function decision(rule: string): Decision {
  return { rule, serve: { from: "simulator", profile: undefined }, mirror: undefined, faults: [], overrides: {} };
}

function rule(name: string, match: Match): CompiledRule {
  return { name, conditions: compileMatch(match, name, false), decision: decision(name) };
}

const fallback = decision("default");

test("the first rule that matches decides", () => {
  const rules = [
    rule("other", { model: "o3" }),
    rule("first", { model: "gpt-4*" }),
    rule("second", { model: "gpt-4o" }),
  ];
  expect(decide(makeCall(), { rules, fallback, seed: 1 })).toBe(rules[1]!.decision);
});

test("a rule matches only when all of its conditions hold", () => {
  const rules = [rule("both", { model: "gpt-4o", stream: true })];
  expect(decide(makeCall({ stream: false }), { rules, fallback, seed: 1 })).toBe(fallback);
  expect(decide(makeCall({ stream: true }), { rules, fallback, seed: 1 })).toBe(rules[0]!.decision);
});

test("without a matching rule the default decides", () => {
  expect(decide(makeCall(), { rules: [], fallback, seed: 1 })).toBe(fallback);
});

test("another seed gives some calls another fate", () => {
  const rules = [rule("half", { percentage: 50 })];
  const fates = (seed: number) =>
    Array.from({ length: 64 }, (_, index) => decide(makeCall({ id: `id-${index}` }), { rules, fallback, seed }).rule);
  expect(fates(1)).toEqual(fates(1));
  expect(fates(1)).not.toEqual(fates(2));
});

test("explain shows what passed, what failed and what was not reached", () => {
  const rules = [
    rule("streams", { model: "gpt-4o", stream: true }),
    rule("rest", { model: "gpt-*" }),
    rule("late", { route: "/v1/*" }),
  ];
  const trace = explain(makeCall(), { rules, fallback, seed: 1 });
  expect(trace.decision).toBe(rules[1]!.decision);
  expect(trace.rules.map(({ rule: name, result }) => [name, result])).toEqual([
    ["streams", "no match"],
    ["rest", "match"],
    ["late", "not reached"],
  ]);
  expect(trace.rules[0]!.conditions.map(({ name, result, seen, expected }) => [name, result, seen, expected])).toEqual([
    ["stream", "fail", "false", "true"],
    ["model", "not reached", undefined, `"gpt-4o"`],
  ]);
  expect(trace.rules[2]!.conditions[0]!.result).toBe("not reached");
});

test("explain shows the number that was drawn for a percentage", () => {
  const trace = explain(makeCall(), { rules: [rule("half", { percentage: 50 })], fallback, seed: 1 });
  const { draw, result, seen } = trace.rules[0]!.conditions[0]!;
  expect(result).toBe(draw! < 0.5 ? "pass" : "fail");
  expect(seen).toContain(draw!.toFixed(6));
});

test("explain and decide never disagree", () => {
  const rules = [
    rule("a", { model: "o*", percentage: 30 }),
    rule("b", { stream: true, percentage: 20, percentageBy: "key" }),
    rule("c", { percentage: 40 }),
  ];
  for (let index = 0; index < 500; index += 1) {
    const call = makeCall({
      id: `id-${index}`,
      model: index % 2 === 0 ? "o3" : "gpt-4o",
      stream: index % 3 === 0,
      keyHash: `k${index % 5}`,
    });
    expect(explain(call, { rules, fallback, seed: 3 }).decision).toBe(decide(call, { rules, fallback, seed: 3 }));
  }
});

const toUpstream = (name: string): Decision => ({ ...decision(name), serve: { from: "upstream", upstream: "openai" } });
const goingOn = (id: string, isKept: boolean, call = "call-1") => {
  const made = makeCall({ id: call });
  return { ...made, facts: { ...made.facts, goesOnFrom: () => ({ id, isKept }) } };
};
const calls = Array.from({ length: 64 }, (_, index) => `id-${index}`);

describe("a call that goes on from an earlier one", () => {
  const half = rule("half", { percentage: 50 });
  const forwardHalf = { ...half, name: "real", decision: toUpstream("real") };
  const rest = { ...rule("rest", {}), decision: toUpstream("rest") };

  test.each([
    ["a share is simulated", [half], toUpstream("default")],
    ["a share is simulated, and a rule takes the rest", [half, rest], fallback],
    ["a share is forwarded", [forwardHalf], fallback],
  ])("is served by who has that, whatever the draw says: %s", (_how, rules, otherwise) => {
    const set = { rules, fallback: otherwise, seed: 1 };
    const from = (isKept: boolean) => new Set(calls.map((id) => decide(goingOn("resp_1", isKept, id), set).serve.from));
    expect([...from(true)]).toEqual(["simulator"]);
    expect([...from(false)]).toEqual(["upstream"]);
  });

  test("leaves the draw between rules that serve from the same place as it is", () => {
    const rules = [{ ...forwardHalf, name: "slow" }];
    const set = { rules, fallback: toUpstream("default"), seed: 1 };
    const decided = calls.map((id) => decide(goingOn("resp_1", false, id), set).rule);
    expect(decided).toEqual(calls.map((id) => decide(makeCall({ id }), set).rule));
  });

  test("goes where a rule without a draw says", () => {
    const rules = [{ ...rule("mine", { model: "gpt-4o" }), decision: toUpstream("mine") }, half];
    expect(decide(goingOn("resp_1", true), { rules, fallback, seed: 1 }).rule).toBe("mine");
  });

  test("is explained by what it goes on from, and not by the draw", () => {
    const set = { rules: [half], fallback: toUpstream("default"), seed: 1 };
    for (const isKept of [true, false]) {
      const [trace] = explain(goingOn("resp_1", isKept), set).rules;
      expect(trace).toMatchObject({ result: isKept ? "match" : "no match" });
      expect(trace?.conditions[0]?.seen).toBe(
        `no draw: the call goes on from resp_1, which is ${isKept ? "kept by this node" : "the upstream's"}`,
      );
    }
  });
});
