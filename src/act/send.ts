import type { Outgoing } from "./live.ts";
import type { ActDeps, Request, Runtime, UpstreamRuntime } from "./types.ts";
import { headerIndex, setHeaders } from "../core/headers.ts";
import type { Admitted } from "./admission.ts";
import { appendSender, requestHeaders, requestTarget, type Forwarding } from "./headers.ts";
import type { CallRecord } from "./outcome.ts";
import { beginRecording, teeFor } from "./recordings/begin.ts";
import type { Tee } from "./recordings/tee.ts";
import { needOf, type Relay } from "./relay.ts";

/** A call on its way to its upstream. */
export type Sending = {
  readonly admitted: Admitted;
  readonly record: CallRecord;
  readonly deps: Pick<ActDeps, "pseudonym" | "recordings">;
  readonly runtime: Runtime;
  readonly to: UpstreamRuntime;
};

/** Whether somebody wants to know when each token came. */
function isTimedBy({ decision, opened }: Admitted, { notes }: CallRecord): boolean {
  return opened !== undefined && (decision.mirror !== undefined || notes !== undefined);
}

/**
 * Sends a request to its upstream, or has its gateway send it; the response goes to the relay.
 *
 * @returns what records the response; undefined where it is not recorded
 */
export function send({ admitted, record, deps, runtime, to }: Sending, relay: Relay): Tee | undefined {
  const { request } = record;
  const { faults, decision, opened } = admitted;
  const { upstream, credential } = to;
  const { snapshot, keys } = runtime;
  const tee = decision.record === undefined ? undefined : teeFor(admitted, relay, { record, seed: snapshot.seed });
  const receiver = record.payment?.before(tee ?? relay) ?? tee ?? relay;
  const isMetered = to.budget?.isMetered === true;
  const isTimed = isTimedBy(admitted, record);
  const isStreamTimed = isTimed && opened?.facts.stream === true;
  const forwarding: Forwarding = {
    controlHeader: snapshot.control.header,
    aliases: snapshot.control.aliases === true,
    credential,
    dropCredentials: keys?.required === true,
    requestId: request.id,
    pseudonym: deps.pseudonym,
    plain: faults.length > 0 || tee !== undefined || isStreamTimed || isMetered,
  };
  const headers = requestHeaders(request.rawHeaders, forwarding);
  if (record.span !== undefined) setHeaders(headers, ["traceparent", record.span.traceparent]);
  const { peer, carrier } = request;
  if (peer !== undefined) appendSender(headers, request.headers, peer);
  record.asked();
  if (carrier === undefined) relay.follow(upstream.send(outgoingOf(request, headers, forwarding), receiver));
  else {
    const need = needOf(faults, isTimed || tee !== undefined || isMetered);
    relay.follow(carrier.carry({ upstream: upstream.name, headers, decision, need }, receiver));
  }
  tee?.into(beginRecording(deps.recordings, { admitted, record, to }));
  return tee;
}

/** A smaller body may stay until its response has ended. */
const largeBytes = 16 * 1024;

/** A body whose text was asked for is there as bytes, as text and as values. */
const parsedTimes = 4;

/** The memory that the body of a request takes, in bytes, about; 0 where it is small. */
export function heldBytesOf({ body, encoded }: Request): number {
  const read = body === undefined ? 0 : body.bytes.length * (body.isParsed?.() === true ? parsedTimes : 1);
  const bytes = read + (encoded?.length ?? 0);
  return bytes < largeBytes ? 0 : bytes;
}

/** A request on its way out. @param headers for the upstream; the length of the body may be added */
function outgoingOf(request: Request, headers: string[], forwarding: Forwarding): Outgoing {
  const { method, target, dialect, body, encoded, bodyStream } = request;
  const bytes = encoded ?? body?.bytes;
  return {
    method,
    target: requestTarget(target, dialect.keyParameter, forwarding),
    headers,
    body: bytes !== undefined && bytes.length > 0 ? givenUpWhenSent(bytes, headers) : (bodyStream ?? null),
  };
}

/**
 * The body of a request as undici takes it, so that it is given up once it is sent: undici keeps what it was given until
 * the response has ended, which a stream may take minutes for.
 *
 * @param headers of the request; the length is added where it is missing
 * @returns the bytes themselves where they are few
 */
function givenUpWhenSent(bytes: Uint8Array, headers: string[]): Uint8Array | AsyncIterable<Uint8Array> {
  if (bytes.length < largeBytes) return bytes;
  if (headerIndex(headers, "content-length") === -1) headers.push("content-length", String(bytes.length));
  return new LargeBody(bytes);
}

class LargeBody implements AsyncIterable<Uint8Array> {
  #bytes: Uint8Array | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return {
      next: async () => {
        const value = this.#bytes;
        this.#bytes = undefined;
        return value === undefined ? { done: true, value } : { done: false, value };
      },
    };
  }
}
