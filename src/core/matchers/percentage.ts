import { z } from "zod";
import type { DrawKey } from "../fault-draws.ts";
import { attemptHeader } from "../headers.ts";
import { draw } from "../rng.ts";
import type { Call } from "../types.ts";
import { headerOf, shown } from "./conditions.ts";
import type { Matcher } from "./types.ts";

const percentageBy = z
  .string()
  .regex(/^(requestId|key|header:[\w!#$%&'*+.^`|~-]+)$/, "must be requestId, key or header:NAME")
  .optional()
  .describe(
    "What decides: calls with the same request id (the default), API key or header value get the same decision; requestId, key or header:NAME",
  );

/** Takes a share of the calls: one draw for each rule and call, so that two rules with the same percentage take different calls. */
export const percentage: Matcher<number> = {
  name: "percentage",
  summary: "Percentage of the calls that meet all other conditions; decimals are allowed",
  value: z.number().min(0).max(100),
  options: { percentageBy },
  isOwn: true,
  passesAll: (percent) => percent === 100,
  // Each rule has a draw of its own, so no percentage takes what another one takes.
  covers: () => false,
  compile(percent, { name: rule, perAttempt, match }) {
    const share = percent / 100;
    const by = percentageByOf(match);
    const keyOf = drawKeyOf(match, perAttempt);
    const drawn = (call: Call, seed: number): number => draw(seed, rule, keyOf(call));
    return [
      {
        name: "percentage",
        expected: `a draw below ${share} by ${by}`,
        test: (call, seed) => drawn(call, seed) < share,
        seen: (call, seed) => `${drawn(call, seed).toFixed(6)} for ${shown(keyOf(call))}`,
        draw: drawn,
      },
    ];
  },
};

function percentageByOf(match: Readonly<Record<string, unknown>>): string {
  return percentageBy.parse(match["percentageBy"]) ?? "requestId";
}

/**
 * What the percentages of a rule, and of its faults, are drawn by.
 *
 * @param match everything the rule asks
 * @param perAttempt each retry of a call gets draws of its own
 */
export function drawKeyOf(match: Readonly<Record<string, unknown>>, perAttempt: boolean): DrawKey {
  const keyOf = keyReader(percentageByOf(match));
  return perAttempt ? perAttemptKey(keyOf) : keyOf;
}

/** A call without the wanted header or key falls back to its request id, so that such calls do not all get the same decision. */
function keyReader(by: string): (call: Call) => string {
  if (by === "requestId") return (call) => call.id;
  if (by === "key") return (call) => call.keyHash ?? call.id;
  const header = by.slice("header:".length).toLowerCase();
  return (call) => headerOf(call, header) ?? call.id;
}

function perAttemptKey(keyOf: (call: Call) => string): (call: Call) => string {
  return (call) => `${keyOf(call)}#${headerOf(call, attemptHeader) ?? "0"}`;
}
