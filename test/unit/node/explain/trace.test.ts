import { expect, test } from "vitest";
import { compile } from "../../../../src/config/compile.ts";
import { settingsOf } from "../../../../src/config/load.ts";
import type { Outcome } from "../../../../src/core/types.ts";
import { traceOf } from "../../../../src/node/explain/trace.ts";
import { outcome } from "../../emit/outcome.ts";

const snapshot = compile(
  await settingsOf(
    {
      rules: [
        { name: "other-model", match: { model: "claude*", header: { "x-env": "staging" } }, serve: "simulate" },
        { name: "staging", match: { model: "gpt*", header: { "x-env": "staging" } }, serve: "simulate" },
        { name: "half", match: { percentage: 50 }, serve: "simulate" },
      ],
    },
    {},
  ),
);

function traced(changes: Partial<Outcome>): string[] {
  return traceOf(outcome(changes), snapshot).map(
    ({ rule, result, conditions }) =>
      `${rule}: ${result}, ${conditions.map(({ name, result: of }) => `${name} ${of}`).join(", ")}`,
  );
}

test("conditions on what is kept of a call are asked again, and others are told as not kept", () => {
  expect(traced({ rule: "default" }).slice(0, 2)).toEqual([
    "other-model: no match, model fail, header x-env not kept",
    "staging: no match, model pass, header x-env not kept",
  ]);
});

test("all conditions of the rule that decided have passed, and later rules were not reached", () => {
  expect(traced({ rule: "staging" })).toEqual([
    "other-model: no match, model fail, header x-env not kept",
    "staging: match, model pass, header x-env pass",
    "half: not reached, percentage not reached",
  ]);
});

test("the draw by request id is done again, with the number", () => {
  const [, , half] = traceOf(outcome({ id: "one", rule: "default" }), snapshot);
  expect(half?.conditions[0]?.seen).toMatch(/^0\.\d{6} for "one"$/);
});

test("of a call that no rule decided, it is not known how a rule stands to it that asks only for what is not kept", () => {
  expect(traced({ rule: "none" }).slice(0, 2)).toEqual([
    "other-model: no match, model fail, header x-env not kept",
    "staging: not known, model pass, header x-env not kept",
  ]);
});
