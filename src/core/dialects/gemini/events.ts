import { nothing, type ClassifyEvent } from "../shared/streams/cutter.ts";
import { isObject } from "../shared/json-body.ts";
import { numberAt } from "../shared/streams/usage.ts";

// Quotes inside of texts are escaped, so these marks can stand only where members are.
const saidMark = /"candidatesTokenCount"\s*:\s*(\d{1,15})/;
const thoughtMark = /"thoughtsTokenCount"\s*:\s*(\d{1,15})/;
const tokenMark = /"text"\s*:\s*"(?!")|"functionCall"\s*:\s*\{/;
const finishMark = /"finishReason"\s*:\s*"/;

/**
 * Makes what says what the elements of one stream are worth.
 *
 * An element carries as many tokens as its usage is above that of the one before; without a usage, one when it has any
 * text or call. Final is the one with a reason to finish.
 *
 * @returns never throws; broken JSON is worth nothing
 */
export function createJudge(jsonOf: (event: string) => string): ClassifyEvent {
  let counted = 0;
  return (event) => {
    const json = jsonOf(event);
    if (json === "") return nothing;
    const before = counted;
    const usage = countIn(json, saidMark) + countIn(json, thoughtMark);
    if (usage > 0) counted = Math.max(counted, usage);
    else if (tokenMark.test(json)) counted += 1;
    return { tokens: counted - before, final: finishMark.test(json) && finishes(json) };
  };
}

function countIn(json: string, mark: RegExp): number {
  return Number(mark.exec(json)?.[1] ?? 0);
}

/** A call's arguments may have a member of that name too. */
function finishes(json: string): boolean {
  const candidates = candidatesOf(json);
  return Array.isArray(candidates) && candidates.some((each) => isObject(each) && Boolean(each["finishReason"]));
}

function candidatesOf(json: string): unknown {
  try {
    const element: unknown = JSON.parse(json);
    return isObject(element) ? element["candidates"] : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Output tokens named by the usage of a whole JSON response, thoughts included.
 *
 * @returns undefined when it names none, or is no JSON object
 */
export function readUsage(body: Uint8Array): number | undefined {
  const said = numberAt(body, "usageMetadata", "candidatesTokenCount");
  const thoughts = numberAt(body, "usageMetadata", "thoughtsTokenCount");
  return said === undefined && thoughts === undefined ? undefined : (said ?? 0) + (thoughts ?? 0);
}
