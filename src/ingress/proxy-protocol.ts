import { isIP, type Socket } from "node:net";
import type { Connection } from "./client-address.ts";

/** What the first bytes of a connection are as a PROXY protocol header. */
export type ProxyHeader =
  | { readonly kind: "more" }
  | { readonly kind: "bad" }
  /** `source` is undefined where the proxy speaks for itself, as in its health checks. */
  | { readonly kind: "header"; readonly length: number; readonly source: string | undefined };

const more: ProxyHeader = { kind: "more" };
const bad: ProxyHeader = { kind: "bad" };

const signature1 = Buffer.from("PROXY ");
const signature2 = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
/** Length of a header of version 1, line end included. */
const maxLine = 107;
/** What stands before the addresses of version 2. */
const fixedBytes = 16;
/** Addresses and further fields of version 2; nginx takes as much. */
const maxRestBytes = 4096;

/**
 * Reads a PROXY protocol header, version 1 or 2.
 *
 * @param bytes what has come of the connection so far
 * @see https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (startsLike(bytes, signature1)) return bytes.length < signature1.length ? more : readLine(bytes);
  if (startsLike(bytes, signature2)) return bytes.length < fixedBytes ? more : readBinary(bytes);
  return bad;
}

function startsLike(bytes: Buffer, signature: Buffer): boolean {
  const length = Math.min(bytes.length, signature.length);
  return bytes.subarray(0, length).equals(signature.subarray(0, length));
}

const line1 = /^PROXY (?:UNKNOWN(?: .*)?|TCP([46]) (\S+) (\S+) (\d{1,5}) (\d{1,5}))$/;

function readLine(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, maxLine).indexOf("\r\n");
  if (end === -1) return bytes.length < maxLine ? more : bad;
  const found = line1.exec(bytes.toString("latin1", 0, end));
  if (found === null) return bad;
  const [, family, source, target] = found;
  const length = end + 2;
  if (family === undefined) return { kind: "header", length, source: undefined };
  const right = isIP(source ?? "") === Number(family) && isIP(target ?? "") === Number(family);
  return right ? { kind: "header", length, source } : bad;
}

const local = 0x20;
const proxied = 0x21;

function readBinary(bytes: Buffer): ProxyHeader {
  const command = bytes[12] ?? 0;
  const family = (bytes[13] ?? 0) >> 4;
  const rest = bytes.readUInt16BE(14);
  if ((command !== local && command !== proxied) || rest > maxRestBytes) return bad;
  const length = fixedBytes + rest;
  if (bytes.length < length) return more;
  const addresses = bytes.subarray(fixedBytes, length);
  if (command === local || family === 0 || family === 3) return { kind: "header", length, source: undefined };
  if (family === 1 && rest >= 12) return { kind: "header", length, source: addresses.subarray(0, 4).join(".") };
  if (family === 2 && rest >= 36) return { kind: "header", length, source: ipv6Of(addresses.subarray(0, 16)) };
  return bad;
}

/** In the shortest form, as Node writes an address. */
function ipv6Of(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}

/** Takes the PROXY protocol header off new connections, and knows the addresses that they named. */
export type ProxyProtocol = {
  /** Reads the header of a connection, and goes on; a connection without a good one is closed. */
  accept(socket: Socket, go: () => void): void;
  /** The address that a connection named, or its own. */
  addressOf(socket: Connection): string;
};

/**
 * Makes the reader of a port whose connections all begin with a PROXY protocol header.
 *
 * @param timeoutMs a header must have arrived by then
 */
export function createProxyProtocol(timeoutMs: number): ProxyProtocol {
  // TLS and HTTP/2 wrap the socket, but its address and port name the connection in every layer.
  const sources = new Map<string, string>();
  const nameOf = ({ remoteAddress, remotePort }: Connection): string => `${remoteAddress}|${remotePort}`;
  return {
    accept(socket, go) {
      readFirst(socket, timeoutMs, (source) => {
        const name = nameOf(socket);
        if (source !== undefined) {
          sources.set(name, source);
          socket.once("close", () => sources.delete(name));
        }
        go();
      });
    },
    addressOf: (socket) => sources.get(nameOf(socket)) ?? socket.remoteAddress ?? "",
  };
}

function readFirst(socket: Socket, timeoutMs: number, done: (source: string | undefined) => void): void {
  let bytes = Buffer.alloc(0);
  const drop = (): void => void socket.destroy();
  socket.setTimeout(timeoutMs, drop);
  socket.on("error", drop);
  const onReadable = (): void => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return socket.readableEnded ? drop() : undefined;
    bytes = Buffer.concat([bytes, chunk]);
    const header = readProxyHeader(bytes);
    if (header.kind === "more") return;
    socket.off("readable", onReadable);
    if (header.kind === "bad") return drop();
    socket.setTimeout(0);
    socket.off("timeout", drop);
    socket.off("error", drop);
    const rest = bytes.subarray(header.length);
    if (rest.length > 0) socket.unshift(rest);
    done(header.source);
  };
  socket.on("readable", onReadable);
}
