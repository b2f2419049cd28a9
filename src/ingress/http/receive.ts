import { factsReader, type FactsReader } from "../../core/dialects/shared/any-body.ts";
import { StuntdoubleError } from "../../core/errors.ts";
import type { KnownFacts } from "../../core/types.ts";
import type { Act } from "../../act/types.ts";
import { addBody, addFacts, noBody, readAlwaysBytes, type BodyOptions } from "../body.ts";
import { tooLarge } from "../content-coding.ts";
import { ArrivingBody } from "./arriving-body.ts";
import type { ProgressWatch } from "./progress.ts";
import { announcesMore, hasBody, type Draft, type NodeRequest } from "./request.ts";

/** How bodies are received. */
export type Receiving = {
  readonly bodies: BodyOptions;
  readonly timeout: ProgressWatch;
  readonly needsBody: Act["needsBody"];
  /** Tells a client that waits with its body to send it. */
  sendContinue(): void;
  /** Called once when the request is ready, or with the reason to refuse it; never when the client leaves before. */
  done(refusal?: StuntdoubleError): void;
};

/**
 * Completes a request by its body, as far as that is needed: it is read, or goes on while it arrives.
 *
 * What is longer than is read goes on all the same where it is forwarded: what has come, and then the rest.
 */
export function receive(incoming: NodeRequest, request: Draft, receiving: Receiving): void {
  const { bodies, done } = receiving;
  if (!hasBody(incoming)) {
    incoming.resume();
    if (request.operation !== undefined) request.body = noBody;
    return done();
  }
  if (announcesMore(incoming, bodies.maxForwardedBytes())) return done(tooLarge(bodies.maxForwardedBytes()));
  const body = new ArrivingBody(incoming, receiving.timeout, bodies.memory);
  if (request.operation === undefined) receiveOther(body, { request, receiving });
  else receiveOperation(incoming, body, { request, receiving });
}

type Way = { readonly request: Draft; readonly receiving: Receiving };

function passOn(body: ArrivingBody, { request, receiving }: Way): void {
  const { bodies, sendContinue, done } = receiving;
  request.bodyStream = body.passOn({ maxBytes: bodies.maxForwardedBytes(), begun: sendContinue });
  done();
}

function receiveOperation(incoming: NodeRequest, body: ArrivingBody, way: Way): void {
  const { request, receiving } = way;
  const { bodies, done } = receiving;
  const maxBytes = bodies.maxBytes();
  const isTooLong = (): void => {
    request.unread = tooLarge(maxBytes);
    passOn(body, way);
  };
  const take = (bytes: Buffer): void =>
    addBody({ request, bytes }, bodies, (refusal) => {
      body.release();
      done(refusal);
    });
  const readOn = (): void =>
    body.read({ maxBytes }, (result) => {
      if (result instanceof StuntdoubleError) done(result);
      else if (result === undefined) isTooLong();
      else take(result);
    });
  if (announcesMore(incoming, maxBytes)) return isTooLong();
  const mayBeLong = maxBytes > readAlwaysBytes;
  if (mayBeLong && announcesMore(incoming, readAlwaysBytes)) {
    if (!receiving.needsBody(request)) return passOn(body, way);
    receiving.sendContinue();
    return readOn();
  }
  receiving.sendContinue();
  if (!mayBeLong) return readOn();
  body.read({ maxBytes: readAlwaysBytes }, (result) => {
    if (result instanceof StuntdoubleError) done(result);
    else if (result !== undefined) take(result);
    else if (receiving.needsBody(request)) readOn();
    else passOn(body, way);
  });
}

/** A body that cannot be simulated is read only where a rule asks for its model. */
function receiveOther(body: ArrivingBody, way: Way): void {
  const { request, receiving } = way;
  const { bodies, done } = receiving;
  const reader = factsReader(request.route, request.headers["content-type"]);
  if (reader === undefined || !receiving.needsBody(request)) return passOn(body, way);
  const isEncoded = request.headers["content-encoding"] !== undefined;
  const search = isEncoded ? undefined : searchWith(reader);
  receiving.sendContinue();
  body.read({ maxBytes: bodies.maxBytes(), ...(search !== undefined && { enough: search.enough }) }, (result) => {
    if (result instanceof StuntdoubleError) return done(result);
    if (result === undefined) {
      request.facts = search?.facts();
      return passOn(body, way);
    }
    addFacts({ request, bytes: result, reader }, bodies, (refusal) => {
      body.release();
      done(refusal);
    });
  });
}

function searchWith(reader: FactsReader) {
  let facts: KnownFacts | undefined;
  return {
    enough: (bytes: Buffer): boolean => (facts = reader.read(bytes, false)) !== undefined,
    facts: () => facts,
  };
}
