import type { EventInfo } from "../shared/streams/sse.ts";
import { numberAt } from "../shared/streams/usage.ts";

const nothing: EventInfo = { tokens: 0, final: false };
const oneToken: EventInfo = { tokens: 1, final: false };
const done: EventInfo = { tokens: 0, final: true };

const named = /^event: ?([a-z_]+)[ \t]*$/m;
// Quotes inside of texts are escaped, so these marks can stand only where members are.
const typed = /"type"\s*:\s*"(content_block_delta|message_delta|message_stop)"/;
/** A filled text of a delta; a signature is none. */
const tokenMark = /"(?:text|thinking|partial_json)"\s*:\s*"(?!")/;
const stopMark = /"stop_reason"\s*:\s*"/;

/**
 * Says what an event of a message's stream is worth.
 *
 * A delta with text, thinking or a piece of a tool's input is a token; final are the `message_delta` with a stop reason
 * and `message_stop`.
 *
 * @returns never throws
 */
export function judge(event: string): EventInfo {
  const type = named.exec(event)?.[1] ?? typed.exec(event)?.[1] ?? "";
  switch (type) {
    case "content_block_delta":
      return tokenMark.test(event) ? oneToken : nothing;
    case "message_delta":
      return stopMark.test(event) ? done : nothing;
    case "message_stop":
      return done;
    default:
      return nothing;
  }
}

/** Output tokens named by the usage of a whole JSON message; undefined when it names none, or is no JSON object. */
export function readUsage(body: Uint8Array): number | undefined {
  return numberAt(body, "usage", "output_tokens");
}
