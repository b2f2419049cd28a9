import type { Socket } from "node:net";

/**
 * Lets the reader of a socket have what came before a reset.
 *
 * Node drops what it has not handed out when a connection is reset, and undici then takes a response whose end nothing marks for
 * complete. So the error waits until all is read, and has a code that undici does not know.
 */
export function readBeforeReset(socket: Socket): void {
  const { destroy } = socket;
  let held: Error | undefined;
  socket.destroy = (error?: Error) => {
    if (error === undefined || held !== undefined || !isReadError(error)) return destroy.call(socket, error);
    const reset = Object.assign(new Error("The other side reset the connection.", { cause: error }), {
      code: resetCode,
    });
    if (socket.readableLength === 0) return destroy.call(socket, reset);
    held = reset;
    holdUntilRead(socket, () => void destroy.call(socket, reset));
    return socket;
  };
}

/** The code of the error that tells of a reset. */
const resetCode = "RESET_BY_OTHER_SIDE";

/** The system has no more to give. Asked again, it would call that the end. */
function holdUntilRead(socket: Socket, done: () => void): void {
  const { read } = socket;
  Object.assign(socket, { _read: () => undefined });
  socket.read = (size?: number): unknown => {
    const chunk: unknown = read.call(socket, size);
    process.nextTick(() => void (socket.readableLength === 0 && done()));
    return chunk;
  };
}

function isReadError(error: Error): boolean {
  return "syscall" in error && error.syscall === "read";
}
