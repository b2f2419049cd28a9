import type { Io } from "../args.ts";

/** Is aborted when the process is asked to stop, or nobody reads any more what is printed. */
export function untilEnded(io: Pick<Io, "untilStopped" | "untilUnread">): AbortController {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  void io.untilStopped.then(end);
  void io.untilUnread?.then(end);
  return ended;
}
