import type { Learned } from "./call.ts";
import type { CallsOfModel, LearnedCall } from "./types.ts";

const maxName = 300;
const maxGapsRead = 1000;

/** Few enough for an event loop to write them at once. */
const atOnce = 50;

/** The lines of a file with what was learned, one a call, some at a time and without the end of the last one. */
export function* keptLines(models: Iterable<CallsOfModel>): Iterable<string> {
  for (const { upstream, model, calls } of models)
    for (let from = 0; from < calls.length; from += atOnce) {
      const some = calls.slice(from, from + atOnce);
      yield some.map((call) => JSON.stringify({ upstream, model, ...call })).join("\n");
    }
}

/** What a line of such a file holds; undefined where it is none. */
export function readKeptLine(line: string): Learned | undefined {
  const value = parsed(line);
  if (typeof value !== "object" || value === null) return undefined;
  const fields: Readonly<Record<string, unknown>> = { ...value };
  const { upstream, model, gapsMs, operation } = fields;
  if (typeof upstream !== "string" || typeof model !== "string" || model.length > maxName) return undefined;
  const [time, outputTokens] = [amount(fields["time"]), amount(fields["outputTokens"])];
  if (time === undefined || outputTokens === undefined || !isGaps(gapsMs)) return undefined;
  const call: LearnedCall = {
    time,
    operation: typeof operation === "string" ? operation : undefined,
    promptTokens: amount(fields["promptTokens"]),
    outputTokens,
    ttftMs: amount(fields["ttftMs"]),
    gapsMs,
  };
  return { upstream, model, call };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function amount(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}

function isGaps(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length <= maxGapsRead && value.every((each) => amount(each) !== undefined);
}
