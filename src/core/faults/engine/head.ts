import { keepHeaders } from "../../headers.ts";
import type { Head, Sink } from "../../types.ts";
import type { FaultContext } from "./types.ts";

/** A sink that passes on a response with another head. */
export function withHead(next: Sink, context: FaultContext, change: (head: Head) => Head): Sink {
  return {
    head(atMs, head) {
      context.fired();
      next.head(atMs, change(head));
    },
    data: (frame) => next.data(frame),
    end: (atMs, ending) => next.end(atMs, ending),
  };
}

/** A head with one header in place of all of that name, which is in lower case. */
export function headWith(head: Head, name: string, value: string): Head {
  return { ...head, headers: [...keepHeaders(head.headers, (each) => each !== name), name, value] };
}
