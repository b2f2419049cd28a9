import type { Socket } from "node:net";
import type { Clock } from "../../limits/clock.ts";

/** What a client takes or sends piece by piece. */
export type Progressing = {
  /** Whether it is the client that is waited for. */
  waits(): boolean;
  /** Bytes so far; any number that grows with each piece. */
  bytes(): number;
  /** Called when there was no progress for too long. */
  giveUp(): void;
};

/** Watches for clients that make no progress. */
export type ProgressWatch = {
  watch(progressing: Progressing): void;
  forget(progressing: Progressing): void;
  /** Watches no longer. */
  close(): void;
};

/** Watches nobody. */
export const unwatched: ProgressWatch = { watch: () => undefined, forget: () => undefined, close: () => undefined };

type Seen = { bytes: number; sinceMs: number };

/** It is looked so often within the timeout, so it is given up after the timeout and at most a fourth more. */
const looks = 4;

/**
 * Makes a watch that looks from time to time, and costs each piece nothing.
 *
 * @param timeoutMs how long a client may make no progress while it is waited for
 */
export function createProgressWatch(timeoutMs: number, clock: Clock): ProgressWatch {
  const watched = new Map<Progressing, Seen>();
  let cancel: (() => void) | undefined;
  const lookLater = (): void => void (cancel = clock.wake(Math.ceil(timeoutMs / looks), look));
  const look = (): void => {
    cancel = undefined;
    const nowMs = clock.now();
    for (const [each, seen] of watched) {
      const bytes = each.bytes();
      if (!each.waits() || bytes !== seen.bytes) {
        seen.bytes = bytes;
        seen.sinceMs = nowMs;
      } else if (nowMs - seen.sinceMs >= timeoutMs) {
        watched.delete(each);
        each.giveUp();
      }
    }
    if (watched.size > 0) lookLater();
  };
  return {
    watch(progressing) {
      watched.set(progressing, { bytes: progressing.bytes(), sinceMs: clock.now() });
      if (cancel === undefined) lookLater();
    },
    forget: (progressing) => void watched.delete(progressing),
    close() {
      watched.clear();
      cancel?.();
    },
  };
}

/** What is sent on a connection. */
export function sendingOn(socket: Socket, giveUp: () => void): Progressing {
  return {
    waits: () => socket.writableLength > 0,
    bytes: () => socket.bytesWritten - queuedOn(socket),
    giveUp,
  };
}

/** Bytes that the system has not taken. Node counts a write that has left in part only here, and nowhere in its public API. */
function queuedOn(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, "_handle");
  const queued: unknown = typeof handle === "object" && handle !== null ? Reflect.get(handle, "writeQueueSize") : 0;
  return typeof queued === "number" ? queued : socket.writableLength;
}
