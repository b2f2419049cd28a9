import type { Http2Reset } from "../../core/faults/engine/types.ts";
import { eachHeader, headerIndex, headersByName, headerValue } from "../../core/headers.ts";
import { constants, Http2ServerResponse } from "node:http2";
import { STATUS_CODES, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Writable } from "node:stream";
import type { Head, HeaderList } from "../../core/types.ts";
import type { Reply, ReplyListener } from "../../act/types.ts";
import { takesTrailers } from "../../act/headers.ts";
import { closeSocket, resetSocket } from "../../act/sockets/sockets.ts";
import { compress } from "./compress.ts";
import type { Cors } from "./cors.ts";
import type { ProgressWatch } from "./progress.ts";
import type { NodeRequest } from "./request.ts";
import { http2CodeOf, StreamSending } from "./stream-sending.ts";

/** A response of node:http or of node:http2. */
export type NodeResponse = ServerResponse | Http2ServerResponse;

/** How long a refused upload may go on before its connection is closed under it. */
const lingerMs = 5000;

/** Bytes of one write of a whole response to a stream of HTTP/2. */
const streamWriteBytes = 64 * 1024;

/** A whole response of more bytes is counted until it has left. */
const countedAboveBytes = 16 * 1024;

/** What replies need of their server. */
export type ReplyServer = {
  /** Watches what HTTP/2 streams send; connections of HTTP/1.1 are watched where they are accepted. */
  readonly sendTimeout: ProgressWatch;
  /** The connections of HTTP/1.1 that were ended for taking nothing. */
  readonly gaveUpOn: WeakSet<object>;
  /** Which pages may read responses; undefined where that is left to the provider, and the simulator. */
  readonly cors?: Cors | undefined;
  /** True while shutting down: connections are closed after their response. */
  draining(): boolean;
  /** Told of each response that has been handed to the network whole, or whose client is gone. */
  closed(): void;
  /** So many more bytes wait for a client, or fewer where it is below 0. */
  waiting(bytes: number): void;
};

/** Responds to one HTTP request; see `Reply` for what each method promises. */
export class HttpReply implements Reply {
  listener: ReplyListener | undefined = undefined;
  readonly #response: NodeResponse;
  readonly #acceptEncoding: string | undefined;
  readonly #method: string;
  /** That of the page that asks; undefined where no page does, or where it is not ours to say whether it may. */
  readonly #origin: string | undefined;
  readonly #server: ReplyServer;
  /** The stream of HTTP/2, with what was written to it. */
  #stream: StreamSending | undefined = undefined;
  /** The request whose body may still be arriving when the response leaves. */
  #unread: NodeRequest | undefined = undefined;
  #over = false;
  /** The body is sent in chunks, which we make. */
  #chunked = false;
  readonly #takesTrailers: boolean;
  #trailers: HeaderList = [];
  /** The client knows where the response ends, and so that a connection has closed too early. */
  #endIsMarked = true;

  constructor(request: NodeRequest, response: NodeResponse, server: ReplyServer) {
    this.#response = response;
    this.#server = server;
    this.#method = request.method ?? "GET";
    this.#acceptEncoding = acceptEncoding(request);
    this.#takesTrailers = response instanceof Http2ServerResponse || takesTrailers(singleOf(request.headers.te));
    this.#origin = server.cors === undefined ? undefined : request.headers.origin;
    if (response instanceof Http2ServerResponse) {
      this.#stream = new StreamSending(response);
      server.sendTimeout.watch(this.#stream);
    }
    const { socket } = request;
    response.on("close", () => {
      server.closed();
      if (this.#stream !== undefined) server.sendTimeout.forget(this.#stream);
      this.#left(this.#stream?.gaveUp ?? server.gaveUpOn.has(socket));
    });
  }

  whole(head: Head, data: string | Uint8Array): void {
    if (this.#gone()) return;
    const packed = compress(data, head.headers, this.#acceptEncoding);
    const headers = head.headers.concat(packed.headers);
    const bytes = byteLength(packed.data);
    if (head.status !== 204 && head.status !== 304 && headerValue(headers, "content-length") === undefined) {
      headers.push("content-length", String(bytes));
    }
    this.#writeHead(head.status, headers);
    if (bytes > countedAboveBytes) this.#count(bytes);
    if (this.#method === "HEAD") this.#response.end();
    else if (this.#isUnread()) this.#endAfter(packed.data);
    else if (this.#stream !== undefined && bytes > streamWriteBytes) this.#endInPieces(Buffer.from(packed.data));
    // Text of as many bytes as characters is ASCII, and needs no encoding; Node sends the head in the encoding of a text with it.
    else if (bytes === packed.data.length) this.#response.end(packed.data, "latin1");
    else this.#response.end(Buffer.from(packed.data));
  }

  /** What an HTTP/2 client takes can be seen only when a write has left whole. */
  #endInPieces(data: Buffer): void {
    const next = data.subarray(0, streamWriteBytes);
    const rest = data.subarray(streamWriteBytes);
    if (rest.length === 0) return void this.#response.end(next);
    if (this.#gone()) return;
    this.#stream?.wrote(next.length);
    if ((this.#response as Http2ServerResponse).write(next)) this.#endInPieces(rest);
    else this.#response.once("drain", () => this.#endInPieces(rest));
  }

  #count(bytes: number): void {
    this.#server.waiting(bytes);
    this.#response.once("close", () => this.#server.waiting(-bytes));
  }

  /** The response may leave while the request is still arriving; closing at once would make the client lose it. */
  linger(unread: NodeRequest): void {
    this.#unread = unread;
  }

  /** The response, where it is one of HTTP/1.1. */
  get #http1(): ServerResponse {
    return this.#response as ServerResponse;
  }

  #isUnread(): boolean {
    return this.#unread !== undefined && !this.#unread.readableEnded;
  }

  #endAfter(data: string | Uint8Array): void {
    const response = this.#http1;
    const unread = this.#unread;
    response.write(data);
    const end = (): void => {
      clearTimeout(timer);
      response.end();
      this.#stream?.closeWhenSent();
    };
    const timer = setTimeout(end, lingerMs);
    response.once("close", () => clearTimeout(timer));
    unread?.once("end", end);
    unread?.resume();
  }

  head(head: Head): void {
    if (this.#gone()) return;
    this.#writeHead(head.status, head.headers);
    // Sends the head now; not by `flushHeaders`, which sends it as UTF-8.
    if (!(this.#response instanceof Http2ServerResponse) && this.#method !== "HEAD") this.#response.write(noBytes);
  }

  inform({ status, headers }: Head): void {
    if (this.#gone()) return;
    const response = this.#response;
    if (response instanceof Http2ServerResponse) {
      response.stream.additionalHeaders({ ":status": status, ...grouped(headers) });
    } else if (response.req.httpVersion === "1.1") {
      // Node's own way takes only some headers.
      let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n`;
      eachHeader(headers, (name, value) => void (text += `${name}: ${value}\r\n`));
      response.socket?.write(`${text}\r\n`, "latin1");
    }
  }

  write(data: string | Uint8Array): boolean {
    if (this.#gone() || this.#method === "HEAD") return true;
    if (this.#chunked) return this.#writeChunk(data);
    this.#stream?.wrote(byteLength(data));
    const more = this.#http1.write(data);
    if (!more) this.#response.once("drain", () => this.listener?.drained());
    return more;
  }

  trailers(fields: HeaderList): void {
    if (this.#takesTrailers) this.#trailers = fields;
  }

  end(): void {
    if (this.#gone()) return;
    if (this.#chunked && this.#method !== "HEAD") this.#response.end(lastChunkWith(this.#trailers), "latin1");
    else {
      if (this.#response instanceof Http2ServerResponse) this.#response.addTrailers(grouped(this.#trailers));
      this.#response.end();
    }
  }

  /**
   * One chunk in one write to the socket; Node's own way sends four pieces, a tick later.
   *
   * A response that waits for those before it on its connection has no socket yet, and keeps its chunks itself.
   */
  #writeChunk(data: string | Uint8Array): boolean {
    const response = this.#http1;
    const to: Writable = response.socket ?? response;
    const bytes = byteLength(data);
    if (bytes === 0) return true;
    const more =
      typeof data === "string"
        ? to.write(`${bytes.toString(16)}\r\n${data}\r\n`, bytes === data.length ? "latin1" : "utf8")
        : to.write(chunkOf(data));
    if (!more) to.once("drain", () => this.listener?.drained());
    return more;
  }

  cut(): void {
    if (this.#gone()) return;
    if (this.#stream !== undefined) this.#stream.resetWhenSent(constants.NGHTTP2_INTERNAL_ERROR);
    else onceCurrent(this.#http1, this.#endIsMarked ? closeSocket : resetSocket);
  }

  reset(how?: Http2Reset): void {
    if (this.#gone()) return;
    if (this.#stream !== undefined) this.#stream.resetWhenSent(http2CodeOf(how), how?.goaway);
    else onceCurrent(this.#http1, resetSocket);
  }

  #writeHead(status: number, own: HeaderList): void {
    const response = this.#response;
    const headers = this.#origin === undefined ? own : (this.#server.cors?.allow(own, this.#origin) ?? own);
    if (response instanceof Http2ServerResponse) {
      response.writeHead(status, grouped(headers));
      return;
    }
    response.sendDate = headerValue(headers, "date") === undefined;
    if (this.#isUnread() || this.#server.draining()) response.shouldKeepAlive = false;
    response.writeHead(status, headers as string[]);
    // The head says that chunks follow; from here on we make them.
    this.#chunked = response.chunkedEncoding;
    response.chunkedEncoding = false;
    this.#endIsMarked = this.#chunked || headerIndex(headers, "content-length") !== -1;
  }

  #gone(): boolean {
    return this.#over || this.#response.destroyed;
  }

  #left(gaveUp: boolean): void {
    if (this.#over) return;
    this.#over = true;
    if (gaveUp) this.listener?.left("SEND_TIMEOUT");
    else this.listener?.left();
  }
}

/** Acts on the connection of a response; one that waits for the responses before it has none yet. */
function onceCurrent(response: ServerResponse, act: (socket: Socket) => void): void {
  if (response.socket === null) response.once("socket", (socket: Socket) => setImmediate(act, socket));
  else act(response.socket);
}

function acceptEncoding({ headers }: NodeRequest): string | undefined {
  return singleOf(headers["accept-encoding"]);
}

function singleOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(",") : value;
}

const noBytes = new Uint8Array(0);
const lastChunk = "0\r\n\r\n";

/** What ends a body in chunks. @param trailers that follow it */
function lastChunkWith(trailers: HeaderList): string {
  if (trailers.length === 0) return lastChunk;
  let text = "0\r\n";
  eachHeader(trailers, (name, value) => void (text += `${name}: ${value}\r\n`));
  return `${text}\r\n`;
}

function chunkOf(data: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${data.byteLength.toString(16)}\r\n`), data, lineEnd]);
}

const lineEnd = Buffer.from("\r\n");

function byteLength(data: string | Uint8Array): number {
  return typeof data === "string" ? Buffer.byteLength(data) : data.byteLength;
}

/** HTTP/2 wants an object; repeated names become lists. */
function grouped(headers: HeaderList): Record<string, string | string[]> {
  const all: Record<string, string | string[]> = Object.create(null);
  for (const [name, values] of headersByName(headers)) all[name] = values.length === 1 ? (values[0] ?? "") : values;
  return all;
}
