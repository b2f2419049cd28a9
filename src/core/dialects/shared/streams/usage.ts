import { StuntdoubleError } from "../../../errors.ts";
import { findMembers } from "../scan.ts";

const decoder = new TextDecoder();

/**
 * A integer inside a JSON object, found by a scan.
 *
 * @param path names of members, from the outermost object to the number
 * @returns undefined when there is none there, or the text is no JSON object
 */
export function numberAt(object: Uint8Array, ...path: readonly string[]): number | undefined {
  let value: Uint8Array | undefined = object;
  for (const name of path) {
    if (value === undefined) return undefined;
    value = memberOf(value, name);
  }
  const text = value === undefined ? "" : decoder.decode(value);
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
