import type { HeaderMap } from "../core/types.ts";
import { StuntdoubleError } from "../core/errors.ts";

/**
 * Refuses a request that this node has forwarded already: an upstream leads back here, and would do so without end.
 *
 * @param pseudonym the name of this node in `Via`
 * @throws LOOP_DETECTED
 * @see RFC 9110 §7.6.3
 */
export function refuseLoop({ via }: HeaderMap, pseudonym: string): void {
  if (via === undefined || !via.includes(pseudonym)) return;
  throw new StuntdoubleError(
    "LOOP_DETECTED",
    "The request has been at this node before: an upstream of the configuration leads back to it.",
  );
}

/**
 * What this node adds to the `Via` header of a request.
 *
 * @param protocol HTTP version by which the request came
 */
export function viaEntry(protocol: "1.1" | "2", pseudonym: string): string {
  return `${protocol} ${pseudonym}`;
}
