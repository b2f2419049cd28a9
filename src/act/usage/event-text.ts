import type { Dialect } from "../../core/dialects/types.ts";
import type { Frame } from "../../core/types.ts";

/** The text of an event of a live stream; only its JSON, where the dialect's events hold that between other bytes. */
export function eventText({ data }: Frame, { envelope }: Dialect): string {
  if (typeof data === "string") return data;
  const { buffer, byteOffset, byteLength } = envelope?.open(data) ?? data;
  return Buffer.from(buffer, byteOffset, byteLength).toString();
}
