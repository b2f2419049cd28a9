import { randomBytes } from "node:crypto";

const visible = /^[\x21-\x7e]{1,128}$/;
const ofThisLoop = randomBytes(8).toString("hex");
let made = 0;

/**
 * The id of a request: the caller's own where it is short visible ASCII, else a new one.
 *
 * @param given the caller's `x-request-id`
 * @returns a new one is `req_` and 32 hex digits, as the provider's: 64 random bits of this event loop, and a count
 */
export function requestId(given: string | undefined): string {
  if (given !== undefined && visible.test(given)) return given;
  made += 1;
  return `req_${ofThisLoop}${made.toString(16).padStart(16, "0")}`;
}
