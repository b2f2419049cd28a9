import { headerValue } from "../../core/headers.ts";
import type { Reply, ReplyListener } from "../../act/types.ts";
import type { Head, HeaderList } from "../../core/types.ts";
import { compress } from "../http/compress.ts";
import { grpcStatus, type GrpcCall } from "./grpc/call.ts";
import {
  bodyFrame,
  headersFrame,
  immediateFrame,
  streamedBodyFrame,
  streamedHeadFrame,
  trailersFrame,
} from "./frames.ts";
import { responseMetadata, difference } from "./mutation.ts";

/** The upstream's response as far as Envoy has shown it. */
export type RealResponse = {
  readonly status: number;
  readonly headers: HeaderList;
  /** Its body goes to the client by us; otherwise Envoy passes it on by itself. */
  readonly throughUs: boolean;
  /** It ends with trailers, which wait for our leave. */
  trailers: boolean;
};

/** What a reply is made with. */
export type ReplyOptions = {
  readonly call: GrpcCall;
  readonly method: string;
  readonly acceptEncoding: string | undefined;
  /** Envoy takes a response of ours piece by piece. */
  readonly streams: boolean;
  /** Told when a stream of ours begins: the request cannot go on to its upstream any more. */
  begun(): void;
  /** Told once, when nothing more will be sent. */
  finished(): void;
};

/**
 * Responds to one call through Envoy; see `Reply` for what each method promises.
 *
 * Before the upstream has responded, a response of ours takes its place. After that, the upstream's own is changed, or one of
 * which nothing is the upstream's takes its place.
 */
export class ExtProcReply implements Reply {
  listener: ReplyListener | undefined = undefined;
  /** Set as soon as Envoy shows the upstream's response. */
  real: RealResponse | undefined = undefined;
  /** The call has gone on to its upstream; from then on Envoy takes a response of ours only as a whole. */
  passed = false;
  readonly #options: ReplyOptions;
  #head: Head | undefined = undefined;
  /** A response that Envoy takes only as a whole. */
  #collected: Buffer[] = [];
  #over = false;

  constructor(options: ReplyOptions) {
    this.#options = options;
  }

  /** True once nothing more will be sent. */
  get over(): boolean {
    return this.#over;
  }

  whole(head: Head, data: string | Uint8Array): void {
    if (this.#over) return;
    if (this.real !== undefined && head.instead !== true) {
      this.head(head);
      if (data.length > 0) this.write(data);
      this.end();
      return;
    }
    const packed = compress(data, head.headers, this.#options.acceptEncoding);
    const { status } = head;
    this.#immediate({ status, headers: head.headers.concat(packed.headers) }, packed.data);
    this.#finish();
  }

  head(head: Head): void {
    if (this.#over) return;
    this.#head = head;
    const { real } = this;
    if (this.#takesWhole()) return;
    if (real !== undefined) {
      const mutation = difference(real.headers, head.headers);
      const status = head.status === real.status ? [] : [":status", String(head.status)];
      const change = { set: [...status, ...mutation.set], remove: mutation.remove };
      this.#send(headersFrame("response", { mutation: change, metadata: [], reroute: false, modes: undefined }));
      // Envoy keeps a head back until a piece of the body is there, and would replace it by an error where none comes.
      if (real.throughUs) this.#send(bodyFrame("response", "", false));
    } else {
      this.#options.begun();
      this.#send(streamedHeadFrame(head, responseMetadata(head.headers)));
    }
  }

  write(data: string | Uint8Array): boolean {
    if (this.#over) return true;
    if (this.#takesWhole()) return this.#collect(data);
    if (this.real !== undefined) return !this.real.throughUs || this.#send(bodyFrame("response", data, false));
    return this.#options.method === "HEAD" || this.#send(streamedBodyFrame(data, false));
  }

  end(): void {
    if (this.#over) return;
    const { real } = this;
    if (this.#takesWhole()) this.#immediate(this.#head!, Buffer.concat(this.#collected));
    else if (real !== undefined) {
      if (real.throughUs) this.#send(real.trailers ? trailersFrame("response") : bodyFrame("response", "", true));
    } else this.#send(streamedBodyFrame("", true));
    this.#finish();
  }

  /** Envoy breaks a response when our gRPC call fails in the middle of it. One that it cannot break becomes a 502. */
  cut(): void {
    if (this.#over) return;
    if (this.#begun()) this.#options.call.end(grpcStatus.aborted, "The response is cut off.");
    else this.#immediate({ ...brokenHead, status: 502 }, "");
    this.#finish();
  }

  reset(): void {
    this.cut();
  }

  /** The client is gone, or Envoy needs us no longer. */
  left(): void {
    this.#finish();
    this.listener?.left();
  }

  /**
   * Begins a response that is to break, where it has not begun: without one, `failure_mode_allow` would have Envoy ask the upstream.
   *
   * @returns false where Envoy takes no beginning
   */
  #begun(): boolean {
    const { real } = this;
    if (this.#takesWhole() || (real === undefined && this.passed)) return false;
    if (this.#head === undefined) this.head(real ?? brokenHead);
    return true;
  }

  /** Envoy takes the response that begins, or has begun, only in one piece. */
  #takesWhole(): boolean {
    const { real } = this;
    if (real === undefined) return !this.#options.streams;
    return this.#head?.instead === true && !real.throughUs;
  }

  #collect(data: string | Uint8Array): true {
    if (this.#options.method !== "HEAD")
      this.#collected.push(typeof data === "string" ? Buffer.from(data) : Buffer.from(data));
    return true;
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.finished();
  }

  #immediate(head: Head, data: string | Uint8Array): void {
    const decision = headerValue(head.headers, "x-stuntdouble-decision") ?? "error";
    this.#send(
      immediateFrame(head, data, { metadata: responseMetadata(head.headers), details: `stuntdouble_${decision}` }),
    );
  }

  #send(frame: Buffer): boolean {
    return this.#options.call.send(frame);
  }
}

/** The beginning of a response of which nothing will be seen but that it breaks. */
const brokenHead: Head = { status: 200, headers: ["x-stuntdouble-decision", "fault"] };
