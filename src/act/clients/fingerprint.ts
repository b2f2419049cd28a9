import { crc32 } from "node:zlib";
import type { Request } from "../types.ts";

/** So much of the beginning and of the end of a body is looked at: conversations begin alike, and end in what is new. */
const partBytes = 4096;

/**
 * A text that two requests with the same body have in common, and hardly any others.
 *
 * Of a body that is not read only its announced length is known.
 */
export function fingerprintOf({ body, encoded, headers }: Request): string {
  const bytes = encoded ?? body?.bytes;
  if (bytes === undefined) return `${headers["content-length"] ?? ""} unread`;
  const start = crc32(bytes.subarray(0, partBytes));
  if (bytes.length <= partBytes) return `${bytes.length} ${start}`;
  return `${bytes.length} ${start} ${crc32(bytes.subarray(Math.max(partBytes, bytes.length - partBytes)))}`;
}
