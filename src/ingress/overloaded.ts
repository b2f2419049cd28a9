import { StuntdoubleError } from "../core/errors.ts";

/** The refusal of a request that comes too late to be handled in time. */
export function overloaded(): StuntdoubleError {
  const message = "The node has more requests than it can handle in time.";
  return new StuntdoubleError("OVERLOADED", message, { retryAfterSeconds: 1 });
}
