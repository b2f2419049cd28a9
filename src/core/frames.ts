import type { Frame, Plan } from "./types.ts";

/** Frames that are made as they are asked for. @param make begins anew at each call, and gives the same */
export function framesBy(make: () => Iterator<Frame>): Iterable<Frame> {
  return { [Symbol.iterator]: make };
}

/** The same frames with one before them. */
export function withFirst(first: Frame, frames: Iterable<Frame>): Iterable<Frame> {
  return framesBy(() => {
    const others = frames[Symbol.iterator]();
    let given = false;
    return {
      next() {
        if (given) return others.next();
        given = true;
        return { done: false, value: first };
      },
    };
  });
}

/** The first of some frames; undefined when there are none. */
export function firstOf(frames: Iterable<Frame>): Frame | undefined {
  for (const frame of frames) return frame;
  return undefined;
}

/** What waits of a frame that is there besides its data, in bytes, about. */
const frameBytes = 100;

/** The memory that a plan takes while it waits, in bytes, about. */
export function bytesOf({ bytes, frames }: Plan): number {
  if (bytes !== undefined) return bytes;
  let sum = 0;
  for (const { data } of frames) sum += frameBytes + data.length;
  return sum;
}

/** Whether a response is at most one frame, which is there. */
export function isOnePiece(frames: Iterable<Frame>): boolean {
  return Array.isArray(frames) && frames.length <= 1;
}
