import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";

/** Status codes of gRPC. @see https://grpc.io/docs/guides/status-codes */
export const grpcStatus = {
  ok: 0,
  invalidArgument: 3,
  notFound: 5,
  resourceExhausted: 8,
  aborted: 10,
  unimplemented: 12,
} as const;

/** One gRPC call as its method sees it. After `end` nothing more is sent. None of the members throws. */
export type GrpcCall = {
  /**
   * Sends one framed message.
   *
   * @returns false when the other side reads slower than we write; `drained` follows
   */
  send(frame: Buffer): boolean;
  end(status: number, message?: string): void;
  /** Takes no more messages from the network until `resume`; a few that have come already still arrive. */
  pause(): void;
  resume(): void;
};

/** Is told of one gRPC call: `message`…, perhaps `halfClosed`, and `closed` once at the end, whichever way it came. */
export type GrpcListener = {
  message(bytes: Buffer): void;
  /** The caller will send nothing more. */
  halfClosed(): void;
  drained(): void;
  closed(): void;
};

/** Takes a call of one method. */
export type GrpcMethod = (call: GrpcCall) => GrpcListener;

/** Flag and length before each message. */
const headBytes = 5;

/** Methods by path, as `/package.Service/Method`; a message above the max ends its call with RESOURCE_EXHAUSTED. */
export type GrpcService = {
  readonly methods: ReadonlyMap<string, GrpcMethod>;
  readonly maxMessageBytes: number;
};

/**
 * Serves one HTTP/2 stream as a gRPC call.
 *
 * @returns never throws
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export function serveGrpc(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  { methods, maxMessageBytes }: GrpcService,
): void {
  stream._destroy = destroyQuietly;
  if (headers[":method"] !== "POST" || headers["content-type"]?.startsWith("application/grpc") !== true) {
    stream.respond({ ":status": 415 }, { endStream: true });
    return;
  }
  const method = methods.get(headers[":path"] ?? "");
  const call = new StreamCall(stream);
  if (method === undefined) {
    call.end(grpcStatus.unimplemented, "There is no such method.");
    return;
  }
  const listener = method(call);
  call.onDrain = () => listener.drained();
  readMessages(stream, { call, listener, maxBytes: maxMessageBytes });
  stream.on("close", () => listener.closed());
}

/**
 * Ends a stream without an error, as "close" tells all that is needed.
 *
 * Envoy ends each call by a reset. Node would make an error of it and write out its stack, a sixth of what a call costs.
 */
function destroyQuietly(this: ServerHttp2Stream, error: Error | null, done: () => void): void {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const { _destroy: destroy } = Object.getPrototypeOf(this) as ServerHttp2Stream;
  destroy.call(this, error, () => done());
  Error.stackTraceLimit = stackTraceLimit;
}

class StreamCall implements GrpcCall {
  onDrain: () => void = () => undefined;
  readonly #stream: ServerHttp2Stream;
  #over = false;
  #blocked = false;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
  }

  get over(): boolean {
    return this.#over || this.#stream.destroyed;
  }

  send(frame: Buffer): boolean {
    const stream = this.#stream;
    if (this.over || stream.closed) return true;
    if (!stream.headersSent) stream.respond(responseHeaders, { waitForTrailers: true });
    const more = stream.write(frame);
    if (!more && !this.#blocked) {
      this.#blocked = true;
      stream.once("drain", () => {
        this.#blocked = false;
        this.onDrain();
      });
    }
    return more;
  }

  end(status: number, message = ""): void {
    const stream = this.#stream;
    if (this.over || stream.closed) return;
    this.#over = true;
    const trailers = {
      "grpc-status": String(status),
      ...(message !== "" && { "grpc-message": percentEncoded(message) }),
    };
    if (!stream.headersSent) {
      stream.respond({ ...responseHeaders, ...trailers }, { endStream: true });
      return;
    }
    stream.once("wantTrailers", () => {
      if (!stream.closed && !stream.destroyed) stream.sendTrailers(trailers);
    });
    stream.end();
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }
}

const responseHeaders = { ":status": 200, "content-type": "application/grpc" };

function percentEncoded(message: string): string {
  return message.replaceAll(/[^\x20-\x24\x26-\x7e]/g, (character) => encodeURIComponent(character));
}

type MessagesOptions = { readonly call: StreamCall; readonly listener: GrpcListener; readonly maxBytes: number };

/** Cuts what arrives into messages; one that comes in many pieces is put together once. */
function readMessages(stream: ServerHttp2Stream, { call, listener, maxBytes }: MessagesOptions): void {
  let pieces: Buffer[] = [];
  let length = 0;
  let wanted = headBytes;
  const refuse = (status: number, message: string): void => {
    stream.off("data", onData);
    stream.resume();
    pieces = [];
    call.end(status, message);
  };
  const onData = (chunk: Buffer): void => {
    pieces.push(chunk);
    length += chunk.length;
    if (length < wanted) return;
    let bytes = pieces.length === 1 ? chunk : Buffer.concat(pieces, length);
    wanted = headBytes;
    while (bytes.length >= headBytes) {
      const messageBytes = bytes.readUInt32BE(1);
      if (bytes[0] !== 0) return refuse(grpcStatus.unimplemented, "Compressed messages are not understood.");
      if (messageBytes > maxBytes) {
        return refuse(grpcStatus.resourceExhausted, `A message is larger than ${maxBytes} bytes.`);
      }
      if (bytes.length < headBytes + messageBytes) {
        wanted = headBytes + messageBytes;
        break;
      }
      const message = bytes.subarray(headBytes, headBytes + messageBytes);
      if (!understood(listener, message)) return refuse(grpcStatus.invalidArgument, "A message is no valid protobuf.");
      bytes = bytes.subarray(headBytes + messageBytes);
    }
    pieces = bytes.length === 0 ? [] : [bytes];
    length = bytes.length;
  };
  stream.on("data", onData);
  stream.on("end", () => {
    if (length > 0) call.end(grpcStatus.invalidArgument, "The last message is cut off.");
    listener.halfClosed();
  });
}

/** A message that cannot be read ends its call, not the process. */
function understood(listener: GrpcListener, message: Buffer): boolean {
  try {
    listener.message(message);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
