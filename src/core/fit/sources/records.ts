import type { CallFailure, Observation } from "../types.ts";
import { amountIn, amountsOf, listIn, objectIn, textIn, type Fields } from "./fields.ts";

/** Whose calls are measured: the provider's, or those that the simulator served. */
export type Measured = "real" | "simulated";

/** A line is a record of a call where it has these. */
export function isRecord(line: Fields): boolean {
  return textIn(line, "mode") !== undefined && amountIn(line, "status") !== undefined && "actual" in line;
}

/**
 * What one record tells of a provider.
 *
 * @returns undefined for a call that tells nothing of it: served by someone else, bent by faults or by what its
 *   caller asked for, or left by its client
 */
export function recordObservation(record: Fields, measured: Measured): Observation | undefined {
  const mirror = objectIn(record, "mirror");
  const isMirrored = measured === "real" && mirror["from"] === "upstream";
  if (!isMirrored && record["mode"] !== measured) return undefined;
  if (!isMirrored && (listIn(record, "faults") ?? []).length > 0) return undefined;
  if (record["ending"] === "client-gone") return undefined;
  if (measured === "simulated" && record["overridden"] === true) return undefined;
  const timing = isMirrored ? mirror : objectIn(record, "actual");
  const status = amountIn(isMirrored ? mirror : record, "status") ?? 200;
  const ending = textIn(isMirrored ? mirror : record, "ending") ?? "finish";
  const queueMs = isMirrored ? 0 : (amountIn(record, "queueMs") ?? 0);
  const ttftMs = amountIn(timing, "ttftMs");
  return {
    time: amountIn(record, "time"),
    model: textIn(record, "model"),
    operation: textIn(record, "operation"),
    promptTokens: amountIn(record, "promptTokens"),
    cachedTokens: amountIn(record, "cachedTokens"),
    outputTokens: amountIn(timing, "outputTokens"),
    ttftMs: ttftMs === undefined ? undefined : Math.max(0, ttftMs - queueMs),
    gapsMs: amountsOf(listIn(timing, "gapsMs")),
    inFlight: amountIn(record, "inFlight"),
    failure: failureOf(status, ending, amountIn(timing, "outputTokens") ?? 0),
  };
}

function failureOf(status: number, ending: string, afterTokens: number): CallFailure | undefined {
  if (status >= 400) return { kind: "status", status };
  if (ending === "cut" || ending === "reset") return { kind: ending, afterTokens };
  return ending === "stall" ? { kind: "hang", afterTokens } : undefined;
}
