import type { Head, HeaderList, HeaderMap } from "../core/types.ts";
import type { Body, Dialect, Operation } from "../core/dialects/types.ts";
import type { Readable } from "node:stream";
import type { Carrier } from "./upstream.ts";

/** A request as an adapter hands it over, independent of the protocol it came by. */
export type Request = {
  readonly id: string;
  readonly method: string;
  /** Path with query, always beginning with `/`. */
  readonly target: string;
  readonly route: string;
  readonly headers: HeaderMap;
  readonly rawHeaders: HeaderList;
  readonly client: string;
  readonly dialect: Dialect;
  /** Undefined for a path that cannot be simulated. */
  readonly operation: Operation | undefined;
  /** The whole body for an operation, until nothing more is read of it; a stream (or nothing) for any other path. */
  body: Body | undefined;
  readonly bodyStream: Readable | undefined;
  /** Takes the call to its upstream where it is forwarded, instead of us. */
  readonly carrier?: Carrier | undefined;
};

/**
 * The way back to one client. After `whole`, `end`, `cut` or `reset` nothing more is sent.
 *
 * None of them throws when the client has left; `listener.left` tells.
 */
export type Reply = {
  /** A complete answer in one piece; the adapter frames it and may compress it. */
  whole(head: Head, data: string | Uint8Array): void;
  head(head: Head): void;
  /** @returns false when the client reads slower than we write; `listener.drained` follows */
  write(data: string | Uint8Array): boolean;
  end(): void;
  /** Closes the connection without ending the answer. */
  cut(): void;
  /** The same by TCP RST, or RST_STREAM on HTTP/2. */
  reset(): void;
  listener: ReplyListener | undefined;
};

export type ReplyListener = {
  drained(): void;
  /** The client is gone, or the answer is complete and sent. Called once. */
  left(): void;
};
