import type { Socket } from "node:net";
import { Http2ServerResponse } from "node:http2";
import type { NodeResponse } from "./reply.ts";
import type { NodeRequest } from "./request.ts";

type OnRequest = (request: NodeRequest, response: NodeResponse) => void;

/** How many pipelined requests may wait on a connection; nothing more is read from it meanwhile. */
const maxWaiting = 100;

/** The requests of a connection that wait for the responses before theirs. */
type Waiting = { count: number; timer: NodeJS.Timeout | undefined };

/**
 * Hands requests on when it is their turn: of those pipelined on an HTTP/1.1 connection, one at a time.
 *
 * @param stuckMs a connection that is not read from any more is closed when no turn comes for so long: that its client has
 *   left could not be seen
 */
export function inTurn(onRequest: OnRequest, stuckMs: number): OnRequest {
  const connections = new WeakMap<Socket, Waiting>();
  return (request, response) => {
    // Node gives a response its connection when those before it have left.
    if (response instanceof Http2ServerResponse || response.socket !== null) return onRequest(request, response);
    const { socket } = request;
    const waiting = connections.get(socket) ?? { count: 0, timer: undefined };
    connections.set(socket, waiting);
    const holdBack = (): void => {
      clearTimeout(waiting.timer);
      if (waiting.count < maxWaiting) return void socket.resume();
      socket.pause();
      // Of the system and not of the event loop's wheel: it belongs to no call, is set for a connection that misbehaves only, and must
      // not keep a process alive that has nothing else to do.
      waiting.timer = setTimeout(() => socket.destroy(), stuckMs).unref();
    };
    waiting.count += 1;
    if (waiting.count >= maxWaiting) holdBack();
    response.once("socket", () => {
      waiting.count -= 1;
      if (waiting.count >= maxWaiting - 1) holdBack();
      // Node is not done with the connection yet.
      setImmediate(() => {
        if (!socket.destroyed) onRequest(request, response);
      });
    });
  };
}
