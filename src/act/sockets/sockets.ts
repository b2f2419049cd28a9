import { eachHeader, headerValue } from "../../core/headers.ts";
import { STATUS_CODES } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import type { Head } from "../../core/types.ts";
import { whenAcknowledged } from "../acknowledged.ts";
import type { Reply, ReplyListener } from "../types.ts";

/** How long the other side may take to read the last words and close. */
const lingerMs = 2000;

/** Sends the last words on a connection and closes it, also when the other side never does. Never throws. */
export function endSocket(socket: Duplex, words: string | Uint8Array): void {
  const drop = (): void => void socket.destroy();
  const timer = setTimeout(drop, lingerMs);
  socket.on("error", drop);
  socket.once("close", () => clearTimeout(timer));
  socket.end(words);
}

/**
 * Ends our side of a connection when all that was written has left, and the whole of it when the other side does, or soon after.
 *
 * What the other side sends meanwhile is read: unread, it would make the system reset the connection. Never throws.
 */
export function closeSocket(socket: Duplex): void {
  const drop = (): void => void socket.destroy();
  socket.once("finish", () => {
    if (socket.readableEnded) return drop();
    const timer = setTimeout(drop, lingerMs);
    socket.once("end", drop).once("close", () => clearTimeout(timer));
  });
  socket.end();
  socket.resume();
}

/**
 * Ends a connection by a TCP RST when the other side has all that was written before: a reset takes along what is on its way.
 *
 * Never throws.
 */
export function resetSocket(socket: Duplex): void {
  const reset = (): void => resetAtOnce(socket);
  if (!socket.writable || !(socket instanceof Socket)) return reset();
  socket.write("", () => {
    if (!socket.destroyed) whenAcknowledged(socket, reset);
  });
}

function resetAtOnce(socket: Duplex): void {
  const tcp = socket instanceof TLSSocket ? tcpOf(socket) : socket;
  if (tcp instanceof Socket && !tcp.destroyed) tcp.resetAndDestroy();
  else socket.destroy();
}

/** Only TCP can be reset. Node names the connection below a TLS one `_parent`, and nowhere in its public API. */
function tcpOf(socket: TLSSocket): unknown {
  return Reflect.get(socket, "_parent");
}

/** Responds by HTTP/1.1 on a bare connection, and closes it; see `Reply` for what each method promises. */
export class SocketReply implements Reply {
  listener: ReplyListener | undefined = undefined;
  readonly #socket: Duplex;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  whole(head: Head, data: string | Uint8Array): void {
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    const known = headerValue(head.headers, "content-length") !== undefined;
    const length = known ? [] : ["content-length", String(bytes.length)];
    endSocket(this.#socket, Buffer.concat([headOf({ ...head, headers: [...head.headers, ...length] }), bytes]));
  }

  head(head: Head): void {
    this.#socket.write(headOf(head));
  }

  write(data: string | Uint8Array): boolean {
    const more = this.#socket.write(typeof data === "string" ? Buffer.from(data) : data);
    if (!more) this.#socket.once("drain", () => this.listener?.drained());
    return more;
  }

  end(): void {
    endSocket(this.#socket, "");
  }

  cut(): void {
    this.end();
  }

  reset(): void {
    resetSocket(this.#socket);
  }

  /** The connection is closed. */
  left(): void {
    this.listener?.left();
  }
}

function headOf({ status, headers }: Head): Buffer {
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n`;
  eachHeader(headers, (name, value) => {
    text += `${name}: ${value}\r\n`;
  });
  return Buffer.from(`${text}connection: close\r\n\r\n`, "latin1");
}
