import type { Head } from "../core/types.ts";
import type { Reply } from "./types.ts";

/** Sends the informational responses that a fault put before a head, where the adapter can. */
export function informBefore(reply: Reply, { informational }: Head): void {
  if (informational === undefined) return;
  const { status, count } = informational;
  for (let sent = 0; sent < count; sent += 1) reply.inform?.({ status, headers: [] });
}

/** Begins a response with its head. @returns its status */
export function beginWith(reply: Reply, head: Head): number {
  informBefore(reply, head);
  reply.head(head);
  return head.status;
}
