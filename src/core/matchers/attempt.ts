import { z } from "zod";
import { attemptOf } from "../clients/attempts.ts";
import type { Call } from "../types.ts";
import { headerOf } from "./conditions.ts";
import { within } from "./range.ts";
import type { Matcher } from "./types.ts";

const attemptBy = z
  .string()
  .regex(/^(request|key|header:[\w!#$%&'*+.^`|~-]+)$/, "must be request, key or header:NAME")
  .optional()
  .describe(
    "What is counted: attempts of one request (the default), or the calls with the same API key or header value that this rule is asked about; request, key or header:NAME",
  );

const bound = z.int().min(1).optional();
const value = z
  .strictObject({ min: bound.describe("Min number of the attempt"), max: bound.describe("Max number of the attempt") })
  .check(({ value: range, issues }) => {
    const { min = 1, max = Infinity } = range;
    if (min > max) issues.push({ code: "custom", message: `min ${min} is greater than max ${max}`, input: range });
  });

type Bounds = z.output<typeof value>;

/** Asks which attempt of its request a call is. */
export const attempt: Matcher<Bounds> = {
  name: "attempt",
  summary: "Number of this attempt, from 1",
  value,
  options: { attemptBy },
  isOwn: true,
  passesAll: ({ min = 1, max }) => min === 1 && max === undefined,
  // What is counted differs from rule to rule.
  covers: () => false,
  compile(range, { name: rule, match }) {
    const by = attemptBy.parse(match["attemptBy"]) ?? "request";
    const { expected, ...condition } = within("attempt", range, numberBy(by, rule));
    return [{ ...condition, expected: by === "request" ? expected : `${expected} by ${by}` }];
  },
};

function numberBy(by: string, rule: string): (call: Call) => number {
  if (by === "request") return (call) => call.state?.attempt() ?? attemptOf(call.headers) ?? 1;
  const groupOf = by === "key" ? (call: Call) => call.keyHash : headerReader(by.slice("header:".length).toLowerCase());
  return (call) => {
    const group = groupOf(call);
    return group === undefined ? 1 : (call.state?.nth(`attempt ${rule}`, group) ?? 1);
  };
}

function headerReader(name: string): (call: Call) => string | undefined {
  return (call) => headerOf(call, name);
}
