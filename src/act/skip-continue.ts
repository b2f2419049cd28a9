import diagnostics from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";

/** Begins a response that only says that the request may go on. */
const continueHead = Buffer.from("HTTP/1.1 100");
const headEnd = Buffer.from("\r\n\r\n");

/** Marks a socket whose next byte begins a response. */
const awaits = Symbol("awaits a response");

type Marked = { [awaits]?: boolean };

diagnostics.subscribe("undici:client:sendHeaders", (message) => {
  (message as { readonly socket: Marked }).socket[awaits] = true;
});

/**
 * Takes `100 Continue` out of what comes on a connection of HTTP/1.1: undici breaks a connection for it, while a client must
 * pass over it also where it has not asked for it.
 *
 * @see RFC 9110 §15.2
 */
export function skipContinue(socket: Socket & Marked): void {
  if (socket instanceof TLSSocket && socket.alpnProtocol === "h2") return;
  const read = socket.read.bind(socket);
  let held: Buffer | undefined;
  socket.read = (size?: number) => {
    const chunk: Buffer | null = read(size);
    if (chunk === null || socket[awaits] !== true) return chunk;
    const rest = withoutContinue(held === undefined ? chunk : Buffer.concat([held, chunk]));
    held = rest.isWhole ? undefined : rest.bytes;
    if (!rest.isWhole) return null;
    socket[awaits] = false;
    return rest.bytes;
  };
}

/** What is left of the start of a response; it is not whole while it may still be what is passed over. */
function withoutContinue(start: Buffer): { readonly bytes: Buffer; readonly isWhole: boolean } {
  let bytes = start;
  for (;;) {
    const known = Math.min(bytes.length, continueHead.length);
    if (!bytes.subarray(0, known).equals(continueHead.subarray(0, known))) return { bytes, isWhole: true };
    const end = bytes.indexOf(headEnd);
    if (end === -1) return { bytes, isWhole: bytes.length > maxHeadBytes };
    bytes = bytes.subarray(end + headEnd.length);
  }
}

/** A longer one is left to undici, which refuses it. */
const maxHeadBytes = 16 * 1024;
