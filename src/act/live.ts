import type { Readable } from "node:stream";
import type { StuntdoubleError } from "../core/errors.ts";
import type { Decision, Head, HeaderList } from "../core/types.ts";

/** A live source that can be held back. */
export type Flow = { pause(): void; resume(): void };

/** One request on its way out; headers as names and values in turn. */
export type Outgoing = {
  readonly method: string;
  /** Path with query. */
  readonly target: string;
  readonly headers: string[];
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | Readable | null;
};

/** Is told of a live response: `head`, `data`…, then `end` or `handedOver`; or `failed` at any point, after which nothing follows. */
export type Receiver = {
  /**
   * There is a connection on which the request is sent.
   *
   * @param tookMs how long the request waited for it to be made; undefined where it was there already
   */
  connected?(tookMs: number | undefined): void;
  /** An informational response that comes before, such as `103 Early Hints`. */
  informed?(head: Head): void;
  head(head: Head): void;
  data(bytes: Uint8Array): void;
  /** @param trailers names and values in turn, as received; undefined where there are none */
  end(trailers?: HeaderList): void;
  /** Instead of `end`: the rest of the response goes to the client by another way. */
  handedOver(): void;
  /** @param how the upstream broke its response off, which the client is to see in the same way */
  failed(error: StuntdoubleError, how?: "cut" | "reset"): void;
};

/** A call under way; `abort` ends it silently: the receiver hears no more. */
export type Forwarded = Flow & { abort(): void };

/** A gateway that takes forwarded calls to their upstream itself, and shows us the responses. */
export type Carrier = {
  /**
   * Lets a call go on.
   *
   * @throws INTERNAL when the gateway cannot show what the passage needs
   */
  carry(passage: Passage, receiver: Receiver): Forwarded;
};

/** Shows the response to a call that goes past us, from now on; to abort it asks for no more, and the response goes on. */
export type Show = (receiver: Receiver) => Forwarded;

/** How a carried call goes on. */
export type Passage = {
  readonly upstream: string;
  /** All headers for the upstream, names and values in turn. */
  readonly headers: HeaderList;
  readonly decision: Decision;
  /** What we need of the response: its head only, to read all of it as well, or to change it on its way. */
  readonly need: "head" | "read" | "bend";
};
