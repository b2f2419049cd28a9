import { isObject } from "../shared/json-body.ts";
import { jsonIn } from "../shared/event-json.ts";
import type { ClassifyEvent } from "../shared/streams/cutter.ts";
import { dataOf, type EventInfo } from "../shared/streams/sse.ts";
import { numberAt } from "../shared/streams/usage.ts";

const nothing: EventInfo = { tokens: 0, final: false };
const oneToken: EventInfo = { tokens: 1, final: false };
const done: EventInfo = { tokens: 0, final: true };

// Quotes inside of texts are escaped, so these marks can stand only where members are.
const typed = /"type"\s*:\s*"(content-delta|tool-plan-delta|tool-call-delta|message-end)"/;
const tokenMark = /"(?:text|thinking|tool_plan|arguments)"\s*:\s*"(?!")/;

/**
 * Says what an event of a chat's stream is worth.
 *
 * A delta with text, thinking, a plan or a piece of arguments is a token; final are `message-end` and `[DONE]`.
 *
 * @returns never throws
 */
export function judge(event: string): EventInfo {
  const type = typed.exec(event)?.[1];
  if (type === undefined) return dataOf(event) === "[DONE]" ? done : nothing;
  if (type === "message-end") return done;
  return tokenMark.test(event) ? oneToken : nothing;
}

const lineMark = /"event_type"\s*:\s*"(text-generation|tool-calls-chunk|stream-end)"/;

/**
 * Makes what says what the lines of a stream are worth: those of the second version as much as its events.
 *
 * In the first a text is a token; the last line, which is final, is worth what its count names beyond those seen.
 */
export function createLineJudge(): ClassifyEvent {
  let counted = 0;
  return (line) => {
    const type = lineMark.exec(line)?.[1];
    if (type === undefined) return judge(line);
    if (type === "stream-end") return { tokens: Math.max(0, namedIn(line) - counted), final: true };
    counted += 1;
    return oneToken;
  };
}

function namedIn(line: string): number {
  let value: unknown = jsonIn(line);
  for (const name of ["response", "meta", "tokens", "output_tokens"]) {
    value = isObject(value) ? value[name] : undefined;
  }
  return typeof value === "number" ? value : 0;
}

/** Output tokens named by a whole JSON response, of either version; undefined when it names none. */
export function readUsage(body: Uint8Array): number | undefined {
  return numberAt(body, "usage", "tokens", "output_tokens") ?? numberAt(body, "meta", "tokens", "output_tokens");
}
