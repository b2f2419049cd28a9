import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";

/** Above this many unsent bytes a reset does not wait for them. */
const resetAtOnceAboveBytes = 64 * 1024;

/** How long the other side may take to read the last words and close. */
const lingerMs = 2000;

/** Sends the last words on a connection and closes it, also when the other side never does. Never throws. */
export function endSocket(socket: Duplex, text: string): void {
  const drop = (): void => void socket.destroy();
  const timer = setTimeout(drop, lingerMs);
  socket.on("error", drop);
  socket.once("close", () => clearTimeout(timer));
  socket.end(text);
}

/** Ends a connection by a TCP RST; what was written before leaves first, unless the client does not read. Never throws. */
export function resetSocket(socket: Duplex): void {
  if (socket.writableLength > resetAtOnceAboveBytes || !socket.writable) resetAtOnce(socket);
  else socket.write("", () => resetAtOnce(socket));
}

/** The same without waiting for what is still to be sent. */
export function resetAtOnce(socket: Duplex): void {
  const tcp = socket instanceof TLSSocket ? tcpOf(socket) : socket;
  if (tcp instanceof Socket && !tcp.destroyed) tcp.resetAndDestroy();
  else socket.destroy();
}

/** Only TCP can be reset. Node names the connection below a TLS one `_parent`, and nowhere in its public API. */
function tcpOf(socket: TLSSocket): unknown {
  return Reflect.get(socket, "_parent");
}
