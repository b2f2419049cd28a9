import type { ClassifyEvent } from "../shared/streams/cutter.ts";
import { isObject } from "../shared/json-body.ts";
import { numberAt } from "../shared/streams/usage.ts";

// Quotes inside of texts are escaped, so these marks can stand only where members are.
const tokenMark = /"(?:content|response|thinking)"\s*:\s*"(?!")|"tool_calls"\s*:\s*\[\s*\{/;
const doneMark = /"done"\s*:\s*true/;

/**
 * Makes what says what the lines of one stream are worth.
 *
 * A line with text, thinking or calls is a token; the last one, which is final, is worth what its count names beyond
 * those seen.
 *
 * @returns never throws; broken JSON is worth nothing
 */
export function createJudge(): ClassifyEvent {
  let counted = 0;
  return (line) => {
    if (doneMark.test(line)) {
      const last = parsed(line);
      if (last?.["done"] === true) {
        const named = typeof last["eval_count"] === "number" ? last["eval_count"] : 0;
        return { tokens: Math.max(0, named - counted), final: true };
      }
    }
    const tokens = tokenMark.test(line) ? 1 : 0;
    counted += tokens;
    return { tokens, final: false };
  };
}

function parsed(line: string) {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Output tokens named by a whole JSON response; undefined when it names none, or is no JSON object. */
export function readUsage(body: Uint8Array): number | undefined {
  return numberAt(body, "eval_count");
}
