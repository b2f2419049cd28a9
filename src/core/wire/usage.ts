import { StuntdoubleError } from "../errors.ts";
import { findMembers } from "./scan.ts";

const decoder = new TextDecoder();

/**
 * A number of tokens in the `usage` of a whole JSON answer, found by a scan.
 *
 * @param member of `usage`, as `completion_tokens`
 * @returns undefined when there is none, or the answer is no JSON object; never throws
 */
export function readUsageMember(body: Uint8Array, member: string): number | undefined {
  const usage = memberOf(body, "usage");
  const tokens = usage === undefined ? undefined : memberOf(usage, member);
  if (tokens === undefined) return undefined;
  const text = decoder.decode(tokens);
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function memberOf(object: Uint8Array, name: string): Uint8Array | undefined {
  try {
    const span = findMembers(object, [name]).get(name);
    return span === undefined ? undefined : object.subarray(span.from, span.to);
  } catch (error) {
    if (error instanceof StuntdoubleError) return undefined;
    throw error;
  }
}
