import type { Duplex } from "node:stream";

/**
 * Counts what waits for the other side of a connection while it does not read; what sends to it is paused meanwhile.
 *
 * @param from is piped to `to`
 * @param add is told of so many more bytes that wait, or fewer where it is below 0
 */
export function countWaiting(from: Duplex, to: Duplex, add: (bytes: number) => void): void {
  let counted = 0;
  const count = (bytes: number): void => {
    if (bytes !== counted) add(bytes - counted);
    counted = bytes;
  };
  // What was read of the one, and not passed on, waits as well.
  from.on("pause", () => count(to.destroyed ? 0 : to.writableLength + from.readableLength));
  to.on("drain", () => count(0));
  to.once("close", () => count(0));
}
