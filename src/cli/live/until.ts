import { setTimeout as sleep } from "node:timers/promises";
import type { Io } from "../args.ts";

/** Is aborted when the process is asked to stop, or nobody reads any more what is printed. */
export function untilEnded(io: Pick<Io, "untilStopped" | "untilUnread">): AbortController {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  void io.untilStopped.then(end);
  void io.untilUnread?.then(end);
  return ended;
}

/** Is aborted when nobody reads any more what is printed; a stop signal ends the process at once. */
export function untilUnread(io: Pick<Io, "untilUnread">): AbortSignal {
  const ended = new AbortController();
  void io.untilUnread?.then(() => ended.abort());
  return ended.signal;
}

/** Waits for a while. @returns whether the signal has come by then */
export async function endsWithin(ms: number, signal: AbortSignal): Promise<boolean> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
  return signal.aborted;
}
