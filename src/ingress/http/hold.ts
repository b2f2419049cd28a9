import type { Socket } from "node:net";
import type { Overload } from "../../limits/overload.ts";

/** Keeps connections of HTTP/1.1 from being read until there is time for their requests. */
export type Hold = (socket: Socket) => void;

/**
 * Makes the way to hold connections; one that is held already, or has ended, is passed over.
 *
 * A held connection that its client closes is seen when it is released, or closed by its keep-alive timeout.
 */
export function createHold({ hold }: Pick<Overload, "hold">): Hold {
  const held = new WeakSet<Socket>();
  return (socket) => {
    if (socket.destroyed || held.has(socket)) return;
    held.add(socket);
    socket.pause();
    const forget = hold(() => {
      held.delete(socket);
      socket.off("close", forget);
      socket.resume();
    });
    socket.once("close", forget);
  };
}
