import { largeBytes } from "./sent-body.ts";
import type { Request } from "./types.ts";

/** A body whose text was asked for is there as bytes, as text and as values. */
const parsedTimes = 4;

/** The memory that the body of a request takes, in bytes, about; 0 where it is small. */
export function heldBytesOf({ body, encoded }: Request): number {
  const read = body === undefined ? 0 : body.bytes.length * (body.isParsed?.() === true ? parsedTimes : 1);
  const bytes = read + (encoded?.length ?? 0);
  return bytes < largeBytes ? 0 : bytes;
}
