import { expect, test } from "vitest";
import { askNodes, type Askable } from "../../../../src/act/clients/asking-nodes.ts";

type Told = { attempt?: number; readonly numbers: Map<string, number> };

/** A state whose questions are answered by `elsewhere`. */
function stateOf(elsewhere: { attempt: number; number: number }) {
  const told: Told = { numbers: new Map() };
  const asked: string[] = [];
  const state: Askable = {
    known: () => undefined,
    wallMs: () => 0,
    attempt: () => told.attempt ?? 1,
    nth: (scope) => told.numbers.get(scope) ?? 1,
    toAskAttempt() {
      if (told.attempt !== undefined) return undefined;
      return async () => {
        asked.push("attempt");
        told.attempt = elsewhere.attempt;
      };
    },
    toAskNumber(scope, group) {
      if (group === undefined || told.numbers.has(scope)) return undefined;
      return async () => {
        asked.push(scope);
        told.numbers.set(scope, elsewhere.number);
      };
    },
  };
  return { state, asked };
}

test("rules that want to know no attempt have nobody asked", () => {
  const { state } = stateOf({ attempt: 2, number: 1 });
  expect(askNodes(state, ({ known, wallMs }) => void [known(), wallMs()])).toBeUndefined();
});

test("what is told decides whether there is more to ask", async () => {
  const { state, asked } = stateOf({ attempt: 2, number: 5 });
  await askNodes(state, (seen) => {
    if (seen.attempt() === 2) seen.nth("rule", "key");
  });
  expect(asked).toEqual(["attempt", "rule"]);
  expect([state.attempt(), state.nth("rule", "key")]).toEqual([2, 5]);
});

test("each is asked once, however many rules want to know it", async () => {
  const { state, asked } = stateOf({ attempt: 2, number: 5 });
  await askNodes(state, (seen) => void [seen.attempt(), seen.attempt(), seen.nth("rule", "key"), seen.attempt()]);
  expect(asked).toEqual(["attempt", "rule"]);
});

test("what each node counts by itself has nobody asked", () => {
  const { state } = stateOf({ attempt: 2, number: 5 });
  expect(askNodes(state, (seen) => void seen.nth("every tenth", undefined))).toBeUndefined();
});

test("an error of a rule is not taken for a question", () => {
  const { state } = stateOf({ attempt: 2, number: 5 });
  const wrong = (): never => {
    throw new Error("wrong");
  };
  expect(() => askNodes(state, wrong)).toThrow("wrong");
});
